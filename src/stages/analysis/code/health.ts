/** Paths that say whether a program is well, the most telling first. */
const healthNames = [
  "healthz",
  "health",
  "_health",
  "_healthz",
  "readyz",
  "ready",
  "livez",
  "live",
  "healthcheck",
  "health-check",
  "heartbeat",
  "status",
  "ping",
  "up",
];
const health = new RegExp(`^(?:/[\\w.-]+){0,3}/(?:${healthNames.join("|")})/?$`);

export const isHealthPath = (path: string): boolean => health.test(path);

export const rankOfHealth = (path: string): number => healthNames.indexOf(/([\w-]+)\/?$/.exec(path)?.[1] ?? "");
