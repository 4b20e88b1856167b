import { hashOf } from "../kit/canonical.ts";
import { askAndStart, goOnWith, leftRun, type ProposedAct } from "./act-runs.ts";
import type { Berth } from "./berth.ts";
import { proposeCommand } from "./command.ts";
import { proposeDestruction } from "./destroy.ts";
import type { StackAct } from "./stack-acts.ts";
import type { ActOutcome, Asker, CommandWanted } from "./surface.ts";

/** An act as it would be if it were asked for now; undefined where nothing is left to be done. */
export const proposeAgain = (berth: Berth, act: StackAct, signal: AbortSignal): Promise<ProposedAct | undefined> =>
  act.act === "destroy_stack"
    ? proposeDestruction(berth, act.arguments.stack, signal)
    : proposeCommand(berth, act.arguments);

/** What would be lost with a stack; null where nothing is left of it. */
export async function lossOf(berth: Berth, stack: string, signal: AbortSignal): Promise<string | null> {
  return (await proposeDestruction(berth, stack, signal))?.text ?? null;
}

/** Takes a stack away, or goes on with it. Throws what `proposeDestruction` throws, and what the asker throws. */
export async function destroyStack(
  berth: Berth,
  stack: string,
  asker: Asker,
  signal: AbortSignal,
): Promise<ActOutcome | { status: "gone" }> {
  const left = leftDestruction(berth, stack);
  if (left !== undefined) return goOnWith(berth, left);
  const proposed = await proposeDestruction(berth, stack, signal);
  return proposed ? askAndStart(berth, proposed, asker, signal) : { status: "gone" };
}

/** Runs a command, or answers the run that is at it. */
export async function runCommand(
  berth: Berth,
  wanted: CommandWanted,
  asker: Asker,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const left = leftCommand(berth, wanted);
  if (left !== undefined) return goOnWith(berth, left);
  return askAndStart(berth, await proposeCommand(berth, wanted), asker, signal);
}

export const leftDestruction = (berth: Berth, stack: string): string | undefined =>
  leftRun(berth, stack, ({ act }) => act === "destroy_stack");

export const leftCommand = (berth: Berth, { stack, service, argv }: CommandWanted): string | undefined =>
  leftRun(
    berth,
    stack,
    (left) =>
      left.act === "run_command" && hashOf([left.arguments.service, left.arguments.argv]) === hashOf([service, argv]),
  );
