import { z } from "zod";

/** Names become container, network and host names: DNS labels, so that every tool takes them. */
export const Name = z.string().regex(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$|^[a-z]$/, "lower-case letters, digits and dashes");

export const HostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "a host name, e.g. app.example.com",
  );

/** Networks that every Engine has already, and that none can be made instead of: a stack's network has the stack's name. */
const kept = ["bridge", "default", "host", "none"];
export const isKept = (name: string): boolean => kept.includes(name);

const StackName = Name.refine((name) => !isKept(name), "Docker keeps this name for a network of its own");

/** A prefix of whole path segments: `/`, `/api`, `/api/v2`. */
export const RoutePath = z
  .string()
  .regex(/^\/(?:[\w.~-]+(?:\/[\w.~-]+)*)?$/, "a path without a slash at its end")
  .max(256);

/** What a person wants otherwise of one service, which is named as the plan names it. */
const ServiceWishes = z.strictObject({
  replicas: z.int().min(1).max(20).optional(),
  memoryMegabytes: z.int().min(64).max(1_048_576).optional(),
  cpus: z.number().min(0.05).max(256).optional(),
  strategy: z.enum(["overlap", "stop-first"]).optional(),
});

/** A port of a service or backing service that the world shall reach past the proxy; `hostPort` is `port` unless it is said. */
const PublishWish = z.strictObject({
  service: Name,
  port: z.int().min(1).max(65535),
  hostPort: z.int().min(1).max(65535).optional(),
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
});

/** Requests for a host and path go to a service; the stack's domain unless another host is said. */
const RouteWish = z.strictObject({
  host: HostName.optional(),
  path: RoutePath.default("/"),
  service: Name,
  strip: z.boolean().default(false),
});

/** What a person wants otherwise, as structured changes: the only way in which words become a plan. */
export const Wishes = z.strictObject({
  stack: StackName.optional(),
  domain: HostName.optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable"), z.string()).default({}),
  memoryMegabytes: z.int().min(64).max(1_048_576).optional(),
  healthPath: z
    .string()
    .regex(/^\/[^\s\p{C}]*$/u, "a path that begins with a slash and holds no space")
    .max(512)
    .optional(),
  /** How long a new version may take until it is healthy. */
  healthSeconds: z.int().min(1).max(900).optional(),
  services: z.record(Name, ServiceWishes).optional(),
  /** Instead of those that Berth would choose. */
  routes: z.array(RouteWish).max(50).optional(),
  /** All that shall be reached past the proxy: nothing is unless it is named here. */
  publish: z.array(PublishWish).max(50).optional(),
});
export type Wishes = z.infer<typeof Wishes>;

/** Wishes of an earlier plan, changed by what is wished now. */
export const mergeWishes = (earlier: Wishes, now: Wishes): Wishes => ({
  ...earlier,
  // What is named without a value is not wished otherwise.
  ...Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined)),
  env: { ...earlier.env, ...now.env },
  ...(earlier.services && { services: mergeServices(earlier.services, now.services ?? {}) }),
});

/** A service's wishes are changed one by one: who wishes another memory keeps the replicas. */
const mergeServices = (earlier: NonNullable<Wishes["services"]>, now: NonNullable<Wishes["services"]>) =>
  Object.fromEntries(
    [...new Set([...Object.keys(earlier), ...Object.keys(now)])].map((name) => [
      name,
      { ...earlier[name], ...now[name] },
    ]),
  );

/** A port as it is written: `db:5432`, `db:5432:15432`, `game:27015/udp`. Undefined where it is not; its parts are not checked. */
export function publishOf(text: string) {
  const [, service, port, hostPort, protocol] = /^([^:/=]+):(\d{1,5})(?::(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(text) ?? [];
  if (service === undefined) return undefined;
  return {
    service,
    port: Number(port),
    ...(hostPort !== undefined && { hostPort: Number(hostPort) }),
    ...(protocol !== undefined && { protocol }),
  };
}

/** A route as it is written: `/api=api`, `admin.example.com=admin`, `/v1=api,strip`. Undefined where it is not. */
export function routeOf(text: string) {
  const [, host, path, service, strip] = /^([^/=]+)?(\/[^=]*)?=([^=,]+)(,strip)?$/.exec(text) ?? [];
  if (service === undefined || (host === undefined && path === undefined)) return undefined;
  const prefix = path === undefined || path === "/" ? "/" : path.replace(/\/$/, "");
  return { ...(host && { host }), path: prefix, service, strip: strip !== undefined };
}
