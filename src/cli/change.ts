import type { Command } from "commander";
import { BerthError } from "../kit/error.ts";
import type { Berth } from "../services/berth.ts";
import { proposeScaled } from "../services/changed.ts";
import { proposeAnew } from "../services/redeploy.ts";
import type { Act, Surroundings } from "./commands.ts";
import { wishesOf } from "./plan-options.ts";
import { cpus, type Memory, memory, replicas } from "./service-options.ts";
import type { ExitCode, Terminal } from "./terminal.ts";
import { applyPlan } from "./up.ts";

interface ScaleOptions {
  memory?: Memory;
  cpus?: Record<string, number>;
  approve?: string;
  json?: boolean;
}

interface RedeployOptions {
  updateImages?: boolean;
  approve?: string;
  json?: boolean;
}

/** `berth redeploy` and `berth scale`: another plan of what stands, applied as `up` does. */
export function addChanges(program: Command, { cwd, git }: Pick<Surroundings, "cwd" | "git">, act: Act): void {
  program
    .command("redeploy <stack>")
    .description("the source of a stack as it is now, with the wishes that it has: as `up` with the same source")
    .option("--update-images", "take the newest base, database and proxy images instead of those last applied")
    .option("--approve <hash>", "a person has read the plan of this hash and wants it")
    .option("--json", "JSON lines")
    .action((stack: string, { updateImages = false, ...options }: RedeployOptions) =>
      act(async (berth, terminal) => {
        const proposal = await proposeAnew(berth, stack, { cwd, git, updateImages });
        return applyPlan(berth, terminal, proposal, options);
      })(options),
    );

  program
    .command("scale <stack>")
    .description("other numbers and limits for services of what stands; nothing else changes")
    .argument("[SERVICE=NUMBER...]", "how many of it run", replicas)
    .option("--memory <SERVICE=MEGABYTES>", "memory limit of each of its containers (again for more)", memory)
    .option("--cpus <SERVICE=NUMBER>", "how many processors each of its containers may use (again for more)", cpus)
    .option("--approve <hash>", "a person has read the plan of this hash and wants it")
    .option("--json", "JSON lines")
    .action((stack: string, numbers: Record<string, number> | undefined, options: ScaleOptions) =>
      act((berth, terminal) => scale(berth, terminal, stack, numbers, options))(options),
    );
}

async function scale(
  berth: Berth,
  terminal: Terminal,
  stack: string,
  numbers: Record<string, number> | undefined,
  options: ScaleOptions,
): Promise<ExitCode> {
  const { memory: limits, cpus: processors } = options;
  if (limits?.main !== undefined) throw usage("--memory names a service here: SERVICE=MEGABYTES.");
  const wished = { ...(numbers && { replicas: numbers }), ...(limits && { memory: limits }) };
  const { services } = wishesOf({ server: "", env: {}, ...wished, ...(processors && { cpus: processors }) });
  if (services === undefined) throw usage("Nothing says what changes: SERVICE=NUMBER, --memory or --cpus.");
  return applyPlan(berth, terminal, await proposeScaled(berth, stack, services), options);
}

const usage = (cause: string) =>
  new BerthError({
    code: "usage",
    message: "The command line cannot be understood.",
    object: "berth scale",
    cause,
    next: "berth scale --help says what it takes.",
  });
