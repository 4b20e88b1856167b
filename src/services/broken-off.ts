import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Failure } from "../kit/error.ts";
import { clean } from "../kit/text.ts";
import { troubleWith } from "../store/failure.ts";
import type { Berth } from "./berth.ts";
import { runFolder } from "./run-folder.ts";

/** What a worker itself prints, beside what its steps do. */
export const workerLog = (home: string, run: string) => join(runFolder(home, run), "worker.log");

/** A line of that log; whatever else stands there, a program that crashed has printed. */
const Line = z.object({
  msg: z.string(),
  failure: z
    .object({ code: z.string(), message: z.string(), object: z.string(), cause: z.string(), next: z.string() })
    .optional(),
});

/**
 * Why a worker may have broken off without a word in its journal: what stands against writing one at this moment, else its own
 * last words. Undefined where it was killed, which leaves none.
 */
export function whyBrokenOff({ config }: Pick<Berth, "config">, run: string): Failure | undefined {
  return troubleWith(config.home)?.toJSON() ?? lastWords(config.home, run);
}

function lastWords(home: string, run: string): Failure | undefined {
  const lines = linesOf(workerLog(home, run)).map((text) => ({ text, line: lineIn(text) }));
  const ofTheLast = lines.slice(lines.findLastIndex(({ line }) => line?.msg === "worker started") + 1);
  const said = ofTheLast.findLast(({ line }) => line?.failure !== undefined)?.line?.failure;
  if (said) return said;
  const crash = ofTheLast.filter(({ line }) => line === undefined).map(({ text }) => text);
  return crash.length === 0 ? undefined : died(run, crash.slice(-15).join("\n"));
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .slice(-20_000)
      .split("\n")
      .filter((text) => text.trim() !== "");
  } catch {
    return [];
  }
}

function lineIn(text: string): z.infer<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const died = (run: string, words: string): Failure => ({
  code: "worker_died",
  message: "The worker broke off.",
  object: run,
  cause: clean(words, 2000),
  next: `Go on: berth resume ${run}`,
});
