import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { publishOf, routeOf, Wishes } from "../stages/plan/wishes.ts";
import { looksSecret } from "./looks-secret.ts";

const wished = (field: "stack" | "domain" | "healthPath", says: string) =>
  z
    .string()
    .max(512)
    .refine((text) => Wishes.shape[field].safeParse(text).success, says)
    .optional();

const texts = (is: (text: string) => boolean, says: string) =>
  z.array(z.string().max(400).refine(is, says)).max(50).optional();

/** `api.replicas=3`: what is wished of one service, as a model writes it in few words. */
const setting = /^([^.=]+)\.(replicas|memory|cpus|strategy)=([\w.-]+)$/;
const fields = { replicas: "replicas", memory: "memoryMegabytes", cpus: "cpus", strategy: "strategy" } as const;

/** What a person wants otherwise, as a model passes it on. */
export const wishesField = z
  .strictObject({
    domain: wished("domain", "a host name, e.g. app.example.com").describe("host name that leads to the server"),
    env: z
      .record(z.string().max(100), z.string().max(4000))
      .refine((env) => Wishes.shape.env.safeParse(env).success, "names of variables: letters, digits, underscores")
      .optional()
      .describe("plain values of environment variables; secrets go through request_secret"),
    memory_megabytes: z.int().min(64).max(1_048_576).optional().describe("of the service that the address leads to"),
    health_path: wished("healthPath", "a path that begins with a slash").describe("answers 2xx once the program is up"),
    health_seconds: z.int().min(1).max(900).optional().describe("how long a new version may take to be healthy"),
    stack: wished("stack", "lower-case letters, digits and dashes").describe(
      "name of the deployment, if not the source's",
    ),
    services: texts((text) => setting.test(text), "SERVICE.SETTING=VALUE").describe(
      "api.replicas=3, api.memory=512 (MB), api.cpus=0.5, worker.strategy=stop-first",
    ),
    routes: texts((text) => routeOf(text) !== undefined, "[HOST]PATH=SERVICE").describe(
      "/api=api, admin.example.com/=admin: instead of all that Berth chose; [] goes back to those",
    ),
    publish: texts((text) => publishOf(text) !== undefined, "SERVICE:PORT[:HOSTPORT][/udp]").describe(
      "db:5432, db:5432:15432, game:27015/udp: all that the world shall reach past the proxy; [] closes them",
    ),
  })
  .describe("What the person wants otherwise; kept for later plans of the same stack");

type Wished = z.infer<typeof wishesField>;

/** Only what was wished: a wish that is there and undefined would take an earlier one away. */
export function wishesOf({ env, memory_megabytes, health_path, health_seconds, ...rest }: Wished): Wishes {
  const { services, routes, publish, ...same } = rest;
  const all = {
    ...same,
    services: services && servicesOf(services),
    routes: routes?.map(routeOf),
    publish: publish?.map(publishOf),
    env: env ?? {},
    memoryMegabytes: memory_megabytes,
    healthPath: health_path,
    healthSeconds: health_seconds,
  };
  const parsed = Wishes.safeParse(defined(all));
  if (parsed.success) return parsed.data;
  throw new BerthError({
    code: "bad_wish",
    message: "A wish cannot be understood.",
    object: parsed.error.issues.map(({ path }) => path.join(".")).join(", "),
    cause: z.prettifyError(parsed.error),
    next: "Services are named as the plan names them; paths begin with a slash and end without one.",
  });
}

function servicesOf(settings: readonly string[]) {
  const services: Record<string, Record<string, unknown>> = {};
  for (const text of settings) {
    const [, service = "", field = "replicas", value = ""] = setting.exec(text) ?? [];
    const named = fields[field as keyof typeof fields];
    services[service] = { ...services[service], [named]: named === "strategy" ? value : Number(value) };
  }
  return services;
}

const defined = (wishes: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(wishes).filter(([, wish]) => wish !== undefined));

/**
 * A secret that came as a wish would lie in the plan, in the clear. Throws `secret_in_wish` that names the variables and
 * never a value. `names` are known to be secrets; `known` says whether a text holds a value that a person has set here.
 */
export function refuseSecrets(env: Wishes["env"], names: readonly string[], known: (text: string) => boolean): void {
  const found = Object.entries(env).filter(
    ([name, value]) => names.includes(name) || looksSecret(name, value) || known(value),
  );
  if (found.length === 0) return;
  throw new BerthError({
    code: "secret_in_wish",
    message: "A value that looks like a secret was given as a wish, so no plan was made.",
    object: "wishes.env",
    cause: found.map(([name]) => name).join(", "),
    next: "The person sets it: berth secrets set NAME --stack STACK. A real one that stood in a conversation is best replaced.",
  });
}
