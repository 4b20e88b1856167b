import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../names.ts";
import { need } from "../packages.ts";
import { type Fault, inflict, line, type Span } from "./inflict.ts";

/** A clock that processes go by which were started with its variables, and their children. */
export interface Clock {
  env: Record<string, string>;
  /** Moves it by so many seconds, back where negative, for processes that run already, too: they see it within a second. */
  move(options: Span & { by: number }): Promise<Fault>;
}

/** Makes a clock that goes right until it is moved. What counts time apart from the calendar (monotonic) never moves. */
export async function openClock(lab: Lab, name: string): Promise<Clock> {
  await need("faketime");
  const file = join(lab.dir, "clocks", name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, "+0\n");
  return {
    env: {
      LD_PRELOAD: await library(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    move: ({ by, seconds }) =>
      inflict(lab, `clock-${name}`, { seconds, undo: [`echo +0 >${line(file)}`] }, () =>
        writeFile(file, `${by < 0 ? "" : "+"}${by}\n`),
      ),
  };
}

/** Where Debian and Ubuntu put it: a folder for each kind of machine, of which one is there. */
async function library(): Promise<string> {
  for (const kind of await readdir("/usr/lib")) {
    const files = await readdir(join("/usr/lib", kind, "faketime")).catch((): string[] => []);
    // For programs with threads, as Node is one.
    if (files.includes("libfaketimeMT.so.1")) return join("/usr/lib", kind, "faketime/libfaketimeMT.so.1");
  }
  throw new Error("faketime is installed, but its library is not below /usr/lib");
}
