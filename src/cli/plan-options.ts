import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { Wishes } from "../stages/plan/wishes.ts";
import { cpus, type Memory, memory, publish, replicas, route, serviceWishes, strategy } from "./service-options.ts";

/** The flags that `plan` and `up` share. */
export interface PlanOptions {
  server: string;
  domain?: string;
  env: Record<string, string>;
  memory?: Memory;
  replicas?: Record<string, number>;
  cpus?: Record<string, number>;
  strategy?: Record<string, string>;
  publish?: ReturnType<typeof publish>;
  route?: ReturnType<typeof route>;
  healthPath?: string;
  healthTimeout?: number;
  stack?: string;
  updateImages?: boolean;
  identity?: string;
  json?: boolean;
}

export const withPlanOptions = (command: Command): Command =>
  command
    .requiredOption("--server <server>", "ssh://user@host:port, a name of your SSH configuration, or a server's name")
    .option("--domain <host>", "the host name that leads to the server")
    .option("--env <NAME=value>", "a plain value of the environment (secrets: berth secrets set)", variable, {})
    .option("--route <[HOST]PATH=SERVICE>", "what leads where, instead of Berth's own choice (again for more)", route)
    .option(
      "--publish <SERVICE:PORT[:HOSTPORT][/udp]>",
      "opens a port to the world, past the proxy (again for more)",
      publish,
    )
    .option("--replicas <SERVICE=NUMBER>", "how many of it run (again for more)", replicas)
    .option("--memory <[SERVICE=]MEGABYTES>", "memory limit of each of its containers (again for more)", memory)
    .option("--cpus <SERVICE=NUMBER>", "how many processors each of its containers may use (again for more)", cpus)
    .option("--strategy <SERVICE=KIND>", "overlap, or stop-first where two at once do harm (again for more)", strategy)
    .option("--health-path <path>", "what answers 2xx once the service is well")
    .option("--health-timeout <seconds>", "how long a new version may take until it is", wholeNumber)
    .option("--stack <name>", "the stack's name, if it is not to be the source's")
    .option("--update-images", "take the newest base, database and proxy images instead of those last applied")
    .option("--identity <file>", "a private SSH key to log in with")
    .option("--json", "stdout is JSON, progress goes to stderr");

/** Flags as wishes; throws `bad_wish` with the flag and the reason. */
export function wishesOf(options: PlanOptions): Wishes {
  const { domain, env, healthPath, healthTimeout, stack } = options;
  const parsed = Wishes.safeParse({
    domain,
    env,
    memoryMegabytes: options.memory?.main,
    services: serviceWishes(options),
    routes: options.route,
    publish: options.publish,
    healthPath,
    healthSeconds: healthTimeout,
    stack,
  });
  if (parsed.success) return withoutUndefined(parsed.data);
  throw new BerthError({
    code: "bad_wish",
    message: "A wish cannot be understood.",
    object: parsed.error.issues.map(({ path }) => path.join(".")).join(", "),
    cause: z.prettifyError(parsed.error),
    next: "berth plan --help says what each flag takes.",
  });
}

/** A flag that was not given must not take the place of an earlier wish. */
const withoutUndefined = (wishes: Wishes): Wishes =>
  Wishes.parse(Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)));

function variable(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It has the form NAME=value.");
  return { ...before, [name]: value };
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}
