import { stat } from "node:fs/promises";
import type { Host } from "../host/host.ts";
import { quote } from "../host/quote.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine, visible } from "../kit/text.ts";
import { planHash } from "../stages/plan/make.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { ProposedAct } from "./act-runs.ts";
import type { Berth } from "./berth.ts";
import type { StackAct } from "./stack-acts.ts";
import { standingPlan } from "./stack-facts.ts";
import type { CommandWanted } from "./surface.ts";
import { openWorld } from "./world.ts";

/**
 * What a person is asked about before a command runs with all that a service has. Throws `no_such_stack`, `no_such_service`,
 * `stands_otherwise`, and `own_machine` where it could reach this state folder.
 */
export async function proposeCommand(
  berth: Berth,
  { stack, service: name, argv }: CommandWanted,
): Promise<ProposedAct> {
  const plan = standingPlan(berth, stack);
  const service = plan.services.find((one) => one.name === name);
  if (!service) throw noSuchService(plan, name);
  const world = await openWorld(berth, plan, "preview", () => undefined, { builds: false });
  try {
    await refuseOwnMachine(world.host, berth.config.home);
    const { base, applied } = await world.standing();
    if (applied !== planHash(plan)) throw standsOtherwise(stack, applied);
    const about = { stack, server: plan.server.name, plan: applied };
    const act: StackAct = { act: "run_command", arguments: { ...about, service: name, argv } };
    const { user, host, port } = plan.server;
    const text = [
      `Run beside ${name} of ${stack}, on ${user}@${host}:${port}:`,
      `  ${visible(quote(argv))}`,
      `In a container of its own, as ${service.user ?? "the image's user"}, with at most ${service.memoryMegabytes} MB; it has the`,
      `environment, volumes and network of ${name}, and can read and change all that ${name} can.`,
    ].join("\n");
    return { act, plan, base, text, question: "Run it?", word: null };
  } finally {
    await world.close();
  }
}

/** The same folder in the same place on the same disk: whoever runs commands there could sign approvals. */
async function refuseOwnMachine(host: Host, home: string): Promise<void> {
  const { dev, ino } = await stat(home, { bigint: true });
  const { code, stdout } = await host.exec(["stat", "--format=%d:%i", "--", home]);
  if (code !== 0 || stdout.trim() !== `${dev}:${ino}`) return;
  throw new BerthError({
    code: "own_machine",
    message: "Berth's own state lies on this machine, so no command is run there.",
    object: host.name,
    cause: `${home} holds the key that signs approvals, and a command might reach it.`,
    next: "Run it on the machine by hand, or keep Berth's state on another one (BERTH_HOME).",
  });
}

export const noSuchService = ({ stack, services }: Plan, name: string): BerthError =>
  new BerthError({
    code: "no_such_service",
    message: `${stack} has no service of this name.`,
    object: cleanLine(name, 80),
    cause: `It has ${services.map((service) => service.name).join(", ")}.`,
    next: "Take one of these names.",
  });

const standsOtherwise = (stack: string, applied: string | null) =>
  new BerthError({
    code: "stands_otherwise",
    message: "What this computer applied last is not what stands on the server.",
    object: stack,
    cause: applied === null ? "Nothing is recorded as applied there." : `There stands plan ${applied.slice(0, 12)}.`,
    next: "Deploy it again (berth up), or read it from its server: berth adopt ssh://USER@HOST",
  });
