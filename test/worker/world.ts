import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { createRunner } from "../../src/run/runner.ts";
import { type RunContext, stepsFor } from "../../src/run/step.ts";

/** A world of files: a key is a file, its value the content. */
export interface FileWorld {
  folder: string;
}

const read = (folder: string, key: string) => {
  const path = join(folder, key);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
};

/** A test writes `before b` or `after b` into this file, to have the step stand still there until it is killed or stopped. */
export const hangFile = "hang";
/** The step writes this when it stands still. */
export const hangingFile = "hanging";

async function maybeHang(folder: string, point: string, signal: AbortSignal): Promise<void> {
  if (read(folder, hangFile) !== point) return;
  writeFileSync(join(folder, hangingFile), point);
  await sleep(600_000, undefined, { signal });
}

const writeKey = stepsFor<RunContext & FileWorld>()({
  kind: "file.write",
  effect: "change",
  input: z.object({ key: z.string(), value: z.string() }),
  before: z.object({ value: z.string().nullable() }),
  output: z.object({ value: z.string() }),
  title: ({ key }) => `write ${key}`,
  async observe({ key, value }, { folder }) {
    const now = read(folder, key);
    return now === value ? { output: { value } } : { before: { value: now } };
  },
  async apply({ key, value }, _before, { folder, signal, log }) {
    log(`writing ${key}, the password is hunter22\n`);
    await maybeHang(folder, `before ${key}`, signal);
    writeFileSync(join(folder, key), value);
    await maybeHang(folder, `after ${key}`, signal);
  },
  async undo({ key }, { value }, { folder }) {
    if (value === null) rmSync(join(folder, key), { force: true });
    else writeFileSync(join(folder, key), value);
  },
});

export const keys = ["a", "b", "c"];
export const plan = keys.map((key) => writeKey(key, { key, value: `new ${key}` }));
export const runnerIn = (folder: string) => createRunner([writeKey], (base) => ({ ...base, folder }));
