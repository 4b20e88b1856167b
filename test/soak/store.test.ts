import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Disk, openDisk } from "../../lab/faults/disk.ts";
import { releaseFaults } from "../../lab/faults/inflict.ts";
import { openLog } from "../../src/run/log.ts";
import { openStore } from "../../src/store/open.ts";
import { schema } from "../../src/store/schema.ts";
import { type Ended, testLab } from "../e2e/berth.ts";
import { makeTiny, says, type Tiny } from "../e2e/tiny.ts";

// A state folder on a small disk of its own, and what each command says of it when it is not well. No server is needed.
const lab = testLab();
const program = join(import.meta.dirname, "../../src/cli.ts");
const long = { seconds: 900 };
let disk: Disk;
let home: string;
let tiny: Tiny;

beforeAll(async () => {
  tiny = await makeTiny("tiny");
  await tiny.write({ handler: says("well") });
});
beforeEach(async () => {
  disk = await openDisk(lab, "state", { ...long, megabytes: 8 });
  home = join(disk.path, "state");
  openStore(home).close();
});
afterEach(() => releaseFaults(lab));
afterAll(() => tiny.remove());

const file = () => join(home, "berth.db");
const env = () => ({
  PATH: process.env["PATH"],
  HOME: disk.path,
  BERTH_HOME: home,
  DOCKER_HOST: "unix:///nowhere/docker.sock",
});

/** As root, or as another user of this computer. */
async function berth(args: string[], user?: number): Promise<Ended> {
  const as = user === undefined ? {} : { uid: user, gid: user };
  const child = spawn(process.execPath, [program, ...args], { env: env(), cwd: "/", ...as });
  child.stdin.end();
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code: code ?? -1, stdout, stderr, events: [] };
}

/** What a client that lists the runs gets from `berth serve`. */
async function callTool(): Promise<string> {
  const child = spawn(process.execPath, [program, "serve"], {
    env: env(),
    cwd: "/",
    stdio: ["pipe", "pipe", "ignore"],
  });
  const say = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const client = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  say({ id: 1, method: "initialize", params: client });
  say({ method: "notifications/initialized" });
  say({ id: 2, method: "tools/call", params: { name: "get_run", arguments: {} } });
  try {
    for await (const line of createInterface({ input: child.stdout }))
      if ((JSON.parse(line) as { id?: number }).id === 2) return line;
    return "";
  } finally {
    child.kill();
  }
}

const server = ["--server", "ssh://root@192.0.2.1", "--domain", "a.example"];
const commands = (): [string, string[]][] => [
  ["runs", ["runs"]],
  ["plan", ["plan", tiny.folder, ...server]],
  ["up", ["up", tiny.folder, ...server, "--json"]],
  ["doctor", ["doctor"]],
];

/** Each command says it, and none says that this is a bug. */
async function expectSaid(message: RegExp, next: RegExp, user?: number): Promise<void> {
  for (const [name, args] of commands()) {
    const { code, stdout, stderr } = await berth(args, user);
    const said = stdout + stderr;
    expect(code, `${name}: ${said}`).toBe(1);
    expect(said, name).toMatch(message);
    expect(said, name).toMatch(next);
    expect(said, name).not.toMatch(/internal|probably a bug|\n {4}at /);
  }
}

async function expectServed(message: RegExp): Promise<void> {
  const answer = await callTool();
  expect(answer).toMatch(message);
  expect(answer).not.toMatch(/probably a bug|internal/);
}

describe("a state folder that is not well is named by every command, and by the tools of a server that starts all the same", () => {
  test("damaged", async () => {
    const bytes = Buffer.alloc(statSync(file()).size, "no database ");
    writeFileSync(file(), bytes);
    await expectSaid(/Berth's state file is damaged/, /\.damaged/);
    await expectServed(/state file is damaged/);
    expect(readFileSync(file()).equals(bytes)).toBe(true);
  });

  test("cut off", async () => {
    truncateSync(file(), statSync(file()).size - 4096);
    const bytes = readFileSync(file());
    await expectSaid(/Berth's state file is damaged/, /\.damaged/);
    await expectServed(/state file is damaged/);
    expect(readFileSync(file()).equals(bytes)).toBe(true);
  });

  test("of a newer version", async () => {
    const db = new DatabaseSync(file());
    db.exec(`PRAGMA user_version = ${schema.length + 1}`);
    db.close();
    const bytes = readFileSync(file());
    await expectSaid(/A newer Berth has written this state/, /newer version of Berth/);
    await expectServed(/newer Berth has written this state/);
    expect(readFileSync(file()).equals(bytes)).toBe(true);
  });

  test("exposed", async () => {
    chmodSync(home, 0o755);
    await expectSaid(/Others on this machine can look into|can be read by others/, /chmod 700/);
    await expectServed(/Others on this machine/);
  });

  test("mounted read-only", async () => {
    const bytes = readFileSync(file());
    await disk.protect(long);
    await expectSaid(/Berth cannot write its state/, /findmnt/);
    await expectServed(/cannot write its state/);
    expect(readFileSync(file()).equals(bytes)).toBe(true);
  });

  test("on a full disk; with room again all is as it was", async () => {
    const fault = await disk.fill(long);
    await expectSaid(/Berth cannot write its state/, /[Mm]ake room|Free some space/);
    await expectServed(/cannot write its state/);
    await fault.release();
    expect((await berth(["runs"])).code).toBe(0);
  });

  test("another user's", async () => {
    const nobody = 65534;
    chmodSync(disk.path, 0o755);
    await expectSaid(/Berth cannot write its state/, /ls -la|id -un/, nobody);
  });
});

test("a log on a disk that fills up keeps what it has, counts what it lost, and goes on when there is room", async () => {
  const folder = join(home, "logs");
  const log = openLog(folder, "1-web.log", { push: (text) => text, end: () => "" });
  log.write("before\n");
  const fault = await disk.fill(long);
  for (let i = 0; i < 5; i++) log.write("x".repeat(5000));
  await fault.release();
  log.write("after\n");
  const seal = log.close();
  const text = readFileSync(join(folder, "1-web.log"), "utf8");
  expect(text).toMatch(/^before\n(x{5000})*\n\[… no room on the disk here: \d+ bytes lost …\]\nafter\n$/);
  const lost = Number(/(\d+) bytes lost/.exec(text)?.[1]);
  expect(lost + (text.match(/x/g)?.length ?? 0)).toBe(25_000);
  expect(seal).toMatchObject({ bytes: Buffer.byteLength(text), omitted: 0 });
});

describe("a source, on a disk that fills up", () => {
  const leftOvers = async () =>
    (await readdir(join(home, "sources")).catch(() => [])).filter((name) => name.startsWith("incoming"));

  test("is not half there: told, and with room again the same command ends well", async () => {
    const parent = await mkdtemp(join(tmpdir(), "berth-large-"));
    const folder = join(parent, "large");
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), '{"name":"large","scripts":{"start":"node server.js"}}');
    writeFileSync(join(folder, "server.js"), 'require("http").createServer().listen(3000)');
    writeFileSync(join(folder, "large.bin"), Buffer.alloc(3 << 20, "x"));
    const fault = await disk.fill({ ...long, leaveMb: 2 });
    const { code, stderr } = await berth(["analyze", folder]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/There is no room left on this computer's disk/);
    expect(stderr).toMatch(/Make room/);
    expect(await leftOvers()).toEqual([]);
    await fault.release();
    expect((await berth(["analyze", folder])).code).toBe(0);
    rmSync(parent, { recursive: true });
  });
});
