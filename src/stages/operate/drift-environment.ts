import { readFile } from "../../host/files.ts";
import { cleanLine } from "../../kit/text.ts";
import type { StageContext } from "../context.ts";
import { parseEnv } from "../deploy/env-file.ts";
import { type Environment, plannedEnvironment } from "../deploy/environment.ts";
import { environmentFile } from "../deploy/names.ts";

/** More names say no more. */
const mostNames = 20;

/** The names whose values differ, or that only one side has; undefined where there are none. Pure. */
export function differingNames(
  planned: ReadonlyMap<string, string>,
  seen: ReadonlyMap<string, string>,
): string | undefined {
  const names = [...new Set([...planned.keys(), ...seen.keys()])].filter(
    (name) => planned.get(name) !== seen.get(name),
  );
  if (names.length === 0) return undefined;
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : "";
  return `${names
    .slice(0, mostNames)
    .map((name) => cleanLine(name, 80))
    .join(", ")}${more}`;
}

/** What was made of the file from which the next container of a part gets its environment. */
export async function fileDrift(environment: Environment, ctx: StageContext): Promise<string[]> {
  const { stack, release, part } = environment;
  const wanted = await plannedEnvironment(environment, ctx);
  const text = await readFile(ctx.host, environmentFile(stack, release, part));
  // That a secret is missing is said of its container.
  if (wanted === undefined) return [];
  if (text === undefined) return [`the environment file of ${part} is not there`];
  const seen = parsed(text);
  if (!seen) return [`the environment file of ${part} was changed by hand and cannot be read`];
  const planned = new Map(
    wanted.map((entry): [string, string] => [nameOf(entry), entry.slice(nameOf(entry).length + 1)]),
  );
  const names = differingNames(planned, seen);
  return names === undefined ? [] : [`the environment file of ${part} was changed by hand: ${names}`];
}

const nameOf = (entry: string): string => entry.split("=", 1)[0] ?? "";

function parsed(text: string): Map<string, string> | undefined {
  try {
    return parseEnv(text);
  } catch {
    return undefined;
  }
}
