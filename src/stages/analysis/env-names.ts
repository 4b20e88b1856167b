/** Set by the runtime, the shell, a hosting platform or a build tool: nothing that a person configures. */
const ambient =
  /^(?:NODE_ENV|TESTING|NODE_OPTIONS|NODE_TLS_REJECT_UNAUTHORIZED|NODE_VERSION|PATH|HOME|CI|PWD|TZ|LANG|USER|SHELL|TERM|HOSTNAME|DEBUG|TMPDIR|TEMP|TMP|EDITOR|COLORTERM|FORCE_COLOR|NO_COLOR|INIT_CWD|APPDATA|HOMEPATH|USERPROFILE|XDG_\w+|MODE|DEV|PROD|SSR)$|^(?:npm_|VERCEL|GITHUB_|GITLAB_|NETLIFY|HEROKU_|RAILWAY_|RENDER_|FLY_|CF_PAGES|VITEST|JEST_|K_|BERTH_)/;

export const isAmbient = (name: string) => ambient.test(name);

/**
 * Prefixes by which a front end's build takes a value into what browsers get. PUBLIC_URL and its like are servers' names
 * for their own address, too, and those read them when they start.
 */
export const isBuildTime = (name: string) =>
  /^(?:NEXT_PUBLIC_|VITE_|NUXT_PUBLIC_|REACT_APP_|VUE_APP_|PUBLIC_(?!(?:BASE_|APP_|SITE_)?(?:URL|URI|ORIGIN|HOST|DOMAIN)$)|EXPO_PUBLIC_|GATSBY_|NG_APP_)/.test(
    name,
  );

export const isSecret = (name: string) =>
  !isBuildTime(name) &&
  !/PUBLIC|_KEY_ID$|_LENGTH$|_TTL$|_EXPIR|_NAME$|_HEADER$|_(?:DIR|PATH|FILE)$/.test(name) &&
  /SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|_PASS$|_PWD$|PRIVATE|CREDENTIAL|API_?KEY|(?:^|_)KEYS?$|KEY_BASE$|SALT$|PEPPER|_DSN$|^(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|MONGO|MONGODB|REDIS|AMQP|RABBITMQ)_?(?:URL|URI)$|WEBHOOK_URL$/.test(
    name,
  );

/** A random value of our own serves: what signs or encrypts this program's own sessions and tokens. */
export const isGeneratable = (name: string) =>
  isSecret(name) &&
  /^(?:\w+_)?(?:SESSIONS?|COOKIES?|JWT|AUTH|NEXTAUTH|APP|CSRF|ENCRYPTION|SIGNING|HASH|TOKEN|NEXT_AUTH|REFRESH_TOKEN|ACCESS_TOKEN|BETTER_AUTH|PAYLOAD)_?(?:SECRET|KEY|SALT|SECRET_KEY|TOKEN_SECRET)(?:_KEY|_BASE)?$|^(?:SECRET|SECRET_KEY|SECRET_KEY_BASE|SECRET_TOKEN|APP_KEYS?|ENCRYPTION_KEY|ADMIN_JWT_SECRET|API_TOKEN_SALT|TRANSFER_TOKEN_SALT)$/.test(
    name,
  );

/** Files that list variables for people to fill in. Their values are not read: some hold real ones. */
export const isExampleFile = (path: string) =>
  /(?:^|\/)(?:\.env(?:\.\w+)?\.(?:example|sample|template|dist|defaults?)|\.env-(?:example|sample|template)|(?:env|example|sample)\.(?:example|env|sample)|\.env\.example\.\w+)$/i.test(
    path,
  );
