/** Services of other companies, by the packages that talk to them and the variables that configure them. */
export const externalServices: { name: string; packages: string[]; python?: string[]; variables?: RegExp }[] = [
  { name: "stripe", packages: ["stripe", "@stripe/stripe-js"], python: ["stripe", "dj-stripe"], variables: /^STRIPE_/ },
  {
    name: "s3",
    packages: ["@aws-sdk/client-s3", "minio", "multer-s3"],
    python: ["boto3", "aioboto3", "django-storages", "minio"],
    variables: /^(?:AWS_S3_|S3_)/,
  },
  {
    name: "smtp",
    packages: ["nodemailer"],
    python: ["aiosmtplib", "fastapi-mail", "flask-mail", "emails"],
    variables: /^(?:SMTP_|EMAIL_SERVER|MAIL_HOST)/,
  },
  {
    name: "sentry",
    packages: ["@sentry/node", "@sentry/nextjs", "@sentry/react", "@sentry/browser"],
    python: ["sentry-sdk"],
    variables: /^SENTRY_DSN$/,
  },
  {
    name: "openai",
    packages: ["openai", "@ai-sdk/openai"],
    python: ["openai", "langchain-openai"],
    variables: /^OPENAI_API_KEY$/,
  },
  {
    name: "anthropic",
    packages: ["@anthropic-ai/sdk", "@ai-sdk/anthropic"],
    python: ["anthropic"],
    variables: /^ANTHROPIC_API_KEY$/,
  },
  { name: "resend", packages: ["resend"], python: ["resend"], variables: /^RESEND_/ },
  { name: "sendgrid", packages: ["@sendgrid/mail"], python: ["sendgrid"], variables: /^SENDGRID_/ },
  { name: "mailgun", packages: ["mailgun.js", "mailgun-js"], variables: /^MAILGUN_/ },
  { name: "postmark", packages: ["postmark"], variables: /^POSTMARK_/ },
  {
    name: "slack",
    packages: ["@slack/web-api", "@slack/bolt", "@slack/webhook"],
    python: ["slack-sdk", "slack-bolt"],
    variables: /^SLACK_/,
  },
  { name: "twilio", packages: ["twilio"], python: ["twilio"], variables: /^TWILIO_/ },
  { name: "cloudinary", packages: ["cloudinary"], python: ["cloudinary"], variables: /^CLOUDINARY_/ },
  { name: "firebase", packages: ["firebase-admin", "firebase"], python: ["firebase-admin"], variables: /^FIREBASE_/ },
  { name: "algolia", packages: ["algoliasearch"], python: ["algoliasearch"], variables: /^ALGOLIA_/ },
  { name: "posthog", packages: ["posthog-node", "posthog-js"], python: ["posthog"], variables: /POSTHOG_KEY$/ },
];
