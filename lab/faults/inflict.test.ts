import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../src/kit/wait.ts";
import { type Lab, openLab } from "../names.ts";
import { processesOf } from "../processes.ts";
import { inflict, line, releaseFaults, standingFaults } from "./inflict.ts";

// A fault that is a file, so that anybody can see whether it stands.
let lab: Lab;
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-faults-"));
  lab = { ...openLab(`f${Date.now()}`.slice(0, 15)), dir: folder, run: join(folder, "run") };
  file = join(folder, "it's a fault");
});
afterEach(async () => {
  await releaseFaults(lab);
  expect(processesOf(lab)).toEqual([]);
  await rm(folder, { recursive: true });
});

const undo = () => [line("rm", file)];
const make = (seconds: number, act = () => writeFile(file, "")) => inflict(lab, "file", { seconds, undo: undo() }, act);
const ended = () => until(async () => (existsSync(file) ? undefined : true), { timeoutMs: 60_000 });

test("stands until it is released; a second release is fine", async () => {
  const fault = await make(600);
  expect(existsSync(file)).toBe(true);
  expect(await standingFaults(lab)).toEqual(["file"]);
  await expect(make(600)).rejects.toThrow("file stands already: lab fault release file");
  await fault.release();
  expect(existsSync(file)).toBe(false);
  expect(await standingFaults(lab)).toEqual([]);
  await fault.release();
});

test("ends by itself when its time is over, and may then be made again", async () => {
  const fault = await make(1);
  expect(await ended()).toBe(true);
  await fault.release();
  await (await make(600)).release();
  expect(existsSync(file)).toBe(false);
});

test("ends by itself, too, when the process that made it is killed", async () => {
  const code = `import { inflict } from ${JSON.stringify(join(import.meta.dirname, "inflict.ts"))};
    import { writeFile } from "node:fs/promises";
    const [lab, undo, file] = ${JSON.stringify([lab, undo(), file])};
    await inflict(lab, "file", { seconds: 2, undo }, () => writeFile(file, ""));
    console.log("stands"); setInterval(() => {}, 1000);`;
  const maker = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(maker.stdout, "data");
  maker.kill("SIGKILL");
  await once(maker, "exit");
  expect(await ended()).toBe(true);
});

test("an act that fails is undone before its error is heard", async () => {
  const act = async () => {
    await writeFile(file, "");
    throw new Error("half done");
  };
  await expect(make(600, act)).rejects.toThrow("half done");
  expect(existsSync(file)).toBe(false);
});

test("an undo that fails is an error that says why, and is tried again", async () => {
  const fault = await make(600);
  await rm(file);
  await expect(fault.release()).rejects.toThrow(/^file could not be undone: rm: .*No such file/);
  expect(await standingFaults(lab)).toEqual(["file"]);
  await writeFile(file, "");
  await fault.release();
  expect(await standingFaults(lab)).toEqual([]);
});

test("a timer that somebody killed does not take the undo with it", async () => {
  const fault = await make(600);
  for (const pid of processesOf(lab, "fault-file")) process.kill(pid, "SIGKILL");
  await fault.release();
  expect(existsSync(file)).toBe(false);
});
