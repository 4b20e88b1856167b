import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { Wishes } from "../stages/plan/wishes.ts";

/** The flags that `plan` and `up` share. */
export interface PlanOptions {
  server: string;
  domain?: string;
  env: Record<string, string>;
  memory?: number;
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
    .option("--memory <megabytes>", "memory limit of the service", wholeNumber)
    .option("--health-path <path>", "what answers 2xx once the service is well")
    .option("--health-timeout <seconds>", "how long a new version may take until it is", wholeNumber)
    .option("--stack <name>", "the stack's name, if it is not to be the source's")
    .option("--update-images", "take the newest base, database and proxy images instead of those last applied")
    .option("--identity <file>", "a private SSH key to log in with")
    .option("--json", "stdout is JSON, progress goes to stderr");

/** Flags as wishes; throws `bad_wish` with the flag and the reason. */
export function wishesOf({ domain, env, memory, healthPath, healthTimeout, stack }: PlanOptions): Wishes {
  const parsed = Wishes.safeParse({
    domain,
    env,
    memoryMegabytes: memory,
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
