import path from "node:path";

/** The settings of the application, out of the environment. Throws where one that is needed is missing. */
export function readConfig(env = process.env) {
  return {
    port: Number(env.PORT ?? 3000),
    databaseUrl: needed(env, "DATABASE_URL"),
    sessionSecret: needed(env, "SESSION_SECRET"),
    uploadDir: path.resolve(env.UPLOAD_DIR ?? "./uploads"),
    siteTitle: env.SITE_TITLE ?? "Guestbook",
  };
}

export function needed(env, name) {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set; see .env.example`);
  return value;
}
