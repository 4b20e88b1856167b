/** Services of other companies, by the packages that talk to them and the variables that configure them. */
export const externalServices: { name: string; packages: string[]; variables?: RegExp }[] = [
  { name: "stripe", packages: ["stripe", "@stripe/stripe-js"], variables: /^STRIPE_/ },
  { name: "s3", packages: ["@aws-sdk/client-s3", "minio", "multer-s3"], variables: /^(?:AWS_S3_|S3_)/ },
  { name: "smtp", packages: ["nodemailer"], variables: /^(?:SMTP_|EMAIL_SERVER|MAIL_HOST)/ },
  {
    name: "sentry",
    packages: ["@sentry/node", "@sentry/nextjs", "@sentry/react", "@sentry/browser"],
    variables: /^SENTRY_DSN$/,
  },
  { name: "openai", packages: ["openai", "@ai-sdk/openai"], variables: /^OPENAI_API_KEY$/ },
  { name: "anthropic", packages: ["@anthropic-ai/sdk", "@ai-sdk/anthropic"], variables: /^ANTHROPIC_API_KEY$/ },
  { name: "resend", packages: ["resend"], variables: /^RESEND_/ },
  { name: "sendgrid", packages: ["@sendgrid/mail"], variables: /^SENDGRID_/ },
  { name: "mailgun", packages: ["mailgun.js", "mailgun-js"], variables: /^MAILGUN_/ },
  { name: "postmark", packages: ["postmark"], variables: /^POSTMARK_/ },
  { name: "slack", packages: ["@slack/web-api", "@slack/bolt", "@slack/webhook"], variables: /^SLACK_/ },
  { name: "twilio", packages: ["twilio"], variables: /^TWILIO_/ },
  { name: "cloudinary", packages: ["cloudinary"], variables: /^CLOUDINARY_/ },
  { name: "firebase", packages: ["firebase-admin", "firebase"], variables: /^FIREBASE_/ },
  { name: "algolia", packages: ["algoliasearch"], variables: /^ALGOLIA_/ },
  { name: "posthog", packages: ["posthog-node", "posthog-js"], variables: /POSTHOG_KEY$/ },
];
