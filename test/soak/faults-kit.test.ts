import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { engineAnswers } from "../../lab/engine.ts";
import { openClock } from "../../lab/faults/clock.ts";
import { fillServer, openDisk } from "../../lab/faults/disk.ts";
import { endEngine, stopServerEngine } from "../../lab/faults/engine.ts";
import { releaseFaults, standingFaults } from "../../lab/faults/inflict.ts";
import { cutNetwork, farAddress, slowNetwork, throttleNetwork } from "../../lab/faults/network.ts";
import {
  berthProcesses,
  engineProcess,
  freeze,
  killNow,
  serverProcesses,
  sshdProcesses,
  stateOf,
} from "../../lab/faults/processes.ts";
import { down, openLab, up } from "../../lab/lab.ts";
import { inServer, rebootServer, removeServer, type Server, startServer } from "../../lab/server.ts";
import { attempt, run, succeeds } from "../../lab/shell.ts";
import { sshArgs } from "../../lab/ssh.ts";
import { until } from "../../src/kit/wait.ts";
import { testLab } from "../e2e/berth.ts";

// What other tests take for granted of a fault: that it strikes, and that it ends. Seen from outside, never by asking the kit.
const lab = testLab();
const name = "faults";
const cli = join(import.meta.dirname, "../../src/cli.ts");
const long = { seconds: 600 };
const children = new Set<ChildProcess>();
let server: Server;

beforeAll(async () => {
  await removeServer(lab, name);
  server = await startServer(lab, name, { disk: "3G" });
  const packages = "docker.io docker-cli";
  await shell(`apt-get update -qq && apt-get install -yqq --no-install-recommends ${packages} >/dev/null 2>&1`);
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  expect(await standingFaults(lab)).toEqual([]);
});
afterAll(async () => {
  await releaseFaults(lab);
  await removeServer(lab, name);
});

const shell = (script: string) => inServer(lab, name, "sh", "-ec", script);
const soon = async (look: () => Promise<boolean>) =>
  expect(await until(async () => ((await look()) ? true : undefined), { timeoutMs: 60_000 })).toBe(true);

/** A command of ours that runs on, with its lines. */
function begin(command: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "ignore"] });
  children.add(child);
  const seen: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => seen.push(line));
  return { child, pid: child.pid ?? 0, seen, ended: once(child, "exit") };
}
const login = (...command: string[]) => begin("ssh", [...sshArgs(server), ...command]);

/** How long a TCP connection took to stand, in milliseconds; undefined where nothing was heard for three seconds. */
function reach(host: string, localAddress?: string): Promise<number | undefined> {
  const began = performance.now();
  const socket = connect({ host, port: server.port, timeout: 3000, ...(localAddress && { localAddress }) });
  return new Promise<number | undefined>((resolve) => {
    socket.once("connect", () => resolve(performance.now() - began));
    for (const event of ["timeout", "error"]) socket.once(event, () => resolve(undefined));
  }).finally(() => socket.destroy());
}
const reachBoth = () => Promise.all([server.address, server.address6].map((host) => reach(host)));

test("kill -9 of one connection's sshd ends that connection and no other", async () => {
  const [first, second] = [login("echo up; exec cat"), login("echo up; exec cat")];
  await soon(async () => first.seen.length + second.seen.length === 2);
  await killNow(await sshdProcesses(lab, name, first.pid));
  expect((await first.ended)[0]).toBe(255);
  second.child.stdin.write("still here\n");
  await soon(async () => second.seen.includes("still here"));
  await killNow(await sshdProcesses(lab, name));
  expect((await second.ended)[0]).toBe(255);
});

test("kill -9 of a server's Engine: systemd starts another", async () => {
  const before = await serverProcesses(lab, name, "dockerd");
  expect(before).toHaveLength(1);
  await killNow(before);
  await soon(() => succeeds("ssh", [...sshArgs(server), "docker version"]));
  const after = await serverProcesses(lab, name, "dockerd");
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
});

test("Berth's own processes are found by their state folder, workers apart from commands", async () => {
  const home = await mkdtemp(join(tmpdir(), "berth-faults-"));
  const command = begin(process.execPath, [cli, "serve"], { BERTH_HOME: home });
  const worker = begin(process.execPath, [cli, "work", "run_none"], { BERTH_HOME: home });
  // It has nothing to do and would end at once.
  const frozen = await freeze(lab, [worker.pid], long);
  expect(berthProcesses(home, "commands")).toEqual([command.pid]);
  expect(berthProcesses(home, "workers")).toEqual([worker.pid]);
  await killNow([worker.pid, command.pid]);
  expect((await worker.ended)[1]).toBe("SIGKILL");
  expect((await command.ended)[1]).toBe("SIGKILL");
  await frozen.release();
  await rm(home, { recursive: true });
});

test("a frozen process stands still, and goes on by itself when the time is over", async () => {
  const ticking = begin("sh", ["-c", "while echo tick; do sleep 0.1; done"]);
  await soon(async () => ticking.seen.length > 0);
  await freeze(lab, [ticking.pid], { seconds: 2 });
  expect(stateOf(ticking.pid)).toBe("T");
  // Nobody but the timer of the lab thaws it: this process waits.
  await soon(async () => stateOf(ticking.pid) !== "T");
  const { length } = ticking.seen;
  await soon(async () => ticking.seen.length > length);
  await soon(async () => (await standingFaults(lab)).length === 0);
});

test("a cut server is silent in both families, on connections that stand, too; what waited arrives afterwards", async () => {
  const standing = login("echo up; exec cat");
  await soon(async () => standing.seen.length === 1);
  const outward = `timeout 3 bash -c '</dev/tcp/${lab.gateway}/5005'`;
  await shell(outward);
  const fault = await cutNetwork(lab, name, long);
  standing.child.stdin.write("waited\n");
  expect(await reachBoth()).toEqual([undefined, undefined]);
  await expect(shell(outward)).rejects.toThrow("ended with 124");
  expect(standing.seen).toEqual(["up"]);
  await fault.release();
  await soon(async () => (await reachBoth()).every((took) => took !== undefined));
  await soon(async () => standing.seen.includes("waited"));
  await shell(outward);
});

test("a slow line takes its round trip for every connection, in both families, and loses nothing", async () => {
  const fault = await slowNetwork(lab, name, { roundTripMs: 300, ...long });
  for (const took of await reachBoth()) expect(took).toBeGreaterThanOrEqual(299);
  const sent = "x".repeat(2_000_000);
  expect(await run("ssh", [...sshArgs(server), "cat"], { input: sent })).toBe(sent);
  await fault.release();
  await soon(async () => (await reachBoth()).every((took) => took !== undefined && took < 250));
});

test("a line that is slow for one address is slow for nobody else, and the address goes with it", async () => {
  const to = farAddress(lab);
  const fault = await slowNetwork(lab, name, { roundTripMs: 300, to, ...long });
  expect(await reach(server.address, to)).toBeGreaterThanOrEqual(299);
  await soon(async () => (await reachBoth()).every((took) => took !== undefined && took < 250));
  await fault.release();
  expect(await run("ip", ["address", "show", "to", to])).toBe("");
});

test("a throttled line takes so much and no more, each way", async () => {
  const megabytes = 2;
  const up = () => run("ssh", [...sshArgs(server), "cat >/dev/null"], { input: Buffer.alloc(megabytes << 20) });
  const downward = () => run("ssh", [...sshArgs(server), `head -c ${megabytes}M /dev/zero | base64 -w 0`]);
  const secondsOf = async (act: () => Promise<unknown>) => {
    const began = performance.now();
    await act();
    return (performance.now() - began) / 1000;
  };
  const fault = await throttleNetwork(lab, name, { mbit: 4, ...long });
  // 4 s each at 4 Mbit/s, but for what the bucket holds at the beginning.
  expect(await secondsOf(up)).toBeGreaterThan(3.5);
  expect(await secondsOf(downward)).toBeGreaterThan(3.5);
  await fault.release();
  for (const act of [up, downward]) await soon(async () => (await secondsOf(act)) < 3.5);
});

test("a full disk of a server takes nothing more, and has room again; it is its own, also after a reboot", async () => {
  const room = async () => Number(await shell("df --output=avail --block-size=1M /var/lib/docker | tail -n 1"));
  const write = () => shell("head -c 8192 /dev/zero >/var/lib/docker/file && rm /var/lib/docker/file");
  const before = await room();
  expect(before).toBeLessThan(3000);
  const full = await fillServer(lab, name, long);
  expect(await room()).toBe(0);
  await expect(write()).rejects.toThrow("No space left on device");
  await full.release();
  await write();
  await shell("echo kept >/var/lib/kept");
  await rebootServer(lab, name);
  expect(await shell("cat /var/lib/kept")).toBe("kept");
  const almost = await fillServer(lab, name, { leaveMb: 100, ...long });
  expect(await room()).toBeGreaterThan(90);
  expect(await room()).toBeLessThanOrEqual(100);
  await almost.release();
  expect(await room()).toBeGreaterThan(before - 100);
});

test("a small disk here can be full, or closed to writers, and is gone afterwards", async () => {
  const disk = await openDisk(lab, "state", { megabytes: 16, ...long });
  const file = join(disk.path, "file");
  const full = await disk.fill(long);
  await expect(writeFile(file, "text")).rejects.toMatchObject({ code: "ENOSPC" });
  await full.release();
  await writeFile(file, "text");
  const closed = await disk.protect(long);
  await expect(writeFile(file, "more")).rejects.toMatchObject({ code: "EROFS" });
  await closed.release();
  await writeFile(file, "more");
  const left = await disk.fill(long);
  await disk.release();
  await expect(readdir(disk.path)).rejects.toMatchObject({ code: "ENOENT" });
  await left.release();
});

test("a server's Engine that is stopped answers nobody until it is started again", async () => {
  const answers = () => succeeds("ssh", [...sshArgs(server), "docker version"]);
  await soon(answers);
  const fault = await stopServerEngine(lab, name, long);
  expect(await answers()).toBe(false);
  await fault.release();
  expect(await answers()).toBe(true);
});

test("a clock that is moved moves for a process that runs, and goes right again; what counts time does not jump", async () => {
  const clock = await openClock(lab, "test");
  const code = "setInterval(() => console.log(Date.now(), process.hrtime()[0]), 200)";
  const { seen } = begin(process.execPath, ["--eval", code], clock.env);
  const last = () => (seen.at(-1) ?? "0 0").split(" ").map(Number) as [number, number];
  const ahead = () => Math.round((last()[0] - Date.now()) / 3_600_000);
  await soon(async () => seen.length > 0 && ahead() === 0);
  const monotonic = last()[1];
  const forward = await clock.move({ by: 7200, ...long });
  await soon(async () => ahead() === 2);
  await forward.release();
  await soon(async () => ahead() === 0);
  await clock.move({ by: -7200, seconds: 2 });
  await soon(async () => ahead() === -2);
  await soon(async () => ahead() === 0);
  expect(last()[1] - monotonic).toBeLessThan(3600);
  await soon(async () => (await standingFaults(lab)).length === 0);
});

test("a builder's Engine that is killed or stopped fails alone, and is back afterwards", async () => {
  const builder = openLab(`${lab.name}-e`);
  try {
    await up(builder);
    for (const how of ["kill", "stop"] as const) {
      const before = await engineProcess(builder);
      const fault = await endEngine(builder, { how, ...long });
      expect(await engineAnswers(builder)).toBe(false);
      expect((await attempt("ssh", [...sshArgs(server), "true"])).code).toBe(0);
      await fault.release();
      expect(await engineAnswers(builder)).toBe(true);
      expect(await engineProcess(builder)).not.toBe(before);
    }
  } finally {
    await down(builder);
  }
});
