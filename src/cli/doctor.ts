import { failureOf } from "../kit/error.ts";
import { visible } from "../kit/text.ts";
import type { Surroundings } from "./commands.ts";
import { bad, type Check } from "./doctor/check.ts";
import { clientChecks } from "./doctor/clients.ts";
import { computerChecks } from "./doctor/computer.ts";
import { environmentChecks } from "./doctor/environment.ts";
import { installedChecks } from "./doctor/installed.ts";
import { stateChecks } from "./doctor/state.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** Says what is missing here, a line for each thing, and what clients see. Fails where something keeps Berth from working. */
export async function doctor(terminal: Terminal, around: Surroundings): Promise<ExitCode> {
  const checks: Check[] = [];
  const found = (more: Check[]) => {
    checks.push(...more);
    if (!terminal.json) for (const check of more) terminal.say(lineOf(check));
  };
  found(await computerChecks(around));
  found(environmentChecks(around));
  found(state(around));
  found(installedChecks(around));
  found(await clientChecks(around));

  const isWell = checks.every((check) => check.state !== "bad");
  if (terminal.json) terminal.say(JSON.stringify({ well: isWell, checks }, null, 1));
  else terminal.note(isWell ? "\nBerth can work here." : "\nBerth cannot work here until what is marked ✗ is mended.");
  return isWell ? 0 : 1;
}

function state(around: Surroundings): Check[] {
  try {
    return stateChecks(around.config({}));
  } catch (error) {
    const { message, object, next } = failureOf(error);
    return [bad("configuration", `${message} ${object}`, next)];
  }
}

const marks = { ok: "✓", warn: "!", bad: "✗" } as const;

function lineOf({ name, state: how, text, next }: Check): string {
  const line = `${marks[how]} ${visible(name).padEnd(17)} ${visible(text)}`;
  return next === undefined ? line : `${line}\n${" ".repeat(20)}→ ${visible(next)}`;
}
