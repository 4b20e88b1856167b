import { lookAsModern, lookAsOlder, type Serve, type Sight } from "../../agent/look.ts";
import { failureOf } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import type { Program } from "../install/entry.ts";
import { bad, type Check, ok, warn } from "./check.ts";

/** Starts `berth serve` as two kinds of clients do, one after the other, and says what each sees. */
export async function clientChecks(program: Program): Promise<Check[]> {
  const serve = serveOf(program);
  const older = await sightOf("older client", () => lookAsOlder(serve));
  const modern = await sightOf("modern client", () => lookAsModern(serve));
  const differences = older.sight && modern.sight ? [compared(older.sight, modern.sight)] : [];
  return [older.check, modern.check, ...differences];
}

async function sightOf(name: string, look: () => Promise<Sight>): Promise<{ check: Check; sight?: Sight }> {
  try {
    const sight = await look();
    return { check: ok(name, shown(sight)), sight };
  } catch (error) {
    const { message, cause, next } = failureOf(error);
    return { check: bad(name, cleanLine(`${message} ${cause}`, 600), next) };
  }
}

function shown({ protocol, firstAnswerMs, tools, resources, templates, prompts }: Sight): string {
  const counts = [
    `${count(tools)} tools`,
    `${count(resources)} resources`,
    `${count(templates)} kinds of them`,
    `${count(prompts)} prompts`,
  ];
  return `protocol ${cleanLine(protocol)}, ${counts.join(", ")}; first answer after ${Math.round(firstAnswerMs)} ms`;
}

const count = (list: Record<string, string>) => Object.keys(list).length;

/** The same server answers both, so that what differs is worth a look. */
function compared(older: Sight, modern: Sight): Check {
  const lists = ["tools", "resources", "templates", "prompts"] as const;
  const differences = lists.flatMap((list) =>
    [...new Set([...Object.keys(older[list]), ...Object.keys(modern[list])])]
      .filter((name) => older[list][name] !== modern[list][name])
      .map((name) => `${list.replace(/s$/, "")} ${cleanLine(name)} ${how(older[list][name], modern[list][name])}`),
  );
  if (differences.length === 0) return ok("both clients", "see the same tools, resources and prompts, word by word");
  return warn("both clients", `differ: ${differences.join("; ")}`);
}

function how(older: string | undefined, modern: string | undefined): string {
  if (older === undefined) return "is seen by the modern client alone";
  return modern === undefined ? "is seen by the older client alone" : "is described to each in other words";
}

/** As a client would start it from here; a model's key is no business of the server's. */
function serveOf({ startedWith: [node, file], env, cwd }: Program): Serve {
  const { ANTHROPIC_API_KEY: _, ...passed } = env;
  const set = Object.entries(passed).filter((one): one is [string, string] => one[1] !== undefined);
  return { command: node, args: [file, "serve"], env: Object.fromEntries(set), cwd };
}
