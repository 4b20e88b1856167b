import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Disk, openDisk } from "../../lab/faults/disk.ts";
import { type Fault, releaseFaults } from "../../lab/faults/inflict.ts";
import { throttleNetwork } from "../../lab/faults/network.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { run } from "../../lab/shell.ts";
import { until } from "../../src/kit/wait.ts";
import { openStore } from "../../src/store/open.ts";
import { ask, type Cli, done, type Ended, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";
import { makeTiny, says, type Tiny } from "../e2e/tiny.ts";
import { openJournals } from "./faults/journal.ts";

// A server whose Engine has a disk of its own, as small as a test makes it: df there says the truth.
const lab = testLab();
const name = "small";
let server: Server;
let cli: Cli;
let tiny: Tiny;

const shell = (script: string) => inServer(lab, name, "sh", "-ec", script);
const resize = (megabytes: number) => shell(`mount -o remount,size=${megabytes}m /var/lib/docker`);
const used = async () => Number((await shell("df -m --output=used /var/lib/docker")).split("\n").at(-1));
const containers = () => shell("docker ps --all --format '{{.Names}}'");

beforeAll(async () => {
  server = await servingServer(lab, name);
  await shell(`docker ps --quiet | xargs docker stop
systemctl stop docker.socket docker.service
mount -t tmpfs -o size=3000m tmpfs /var/lib/docker
systemctl start docker.service`);
  cli = await openCli(lab);
  tiny = await makeTiny("tiny");
  // Never built before, whatever was tried in this lab.
  await tiny.write({ handler: says(randomUUID()) });
});
afterAll(async () => {
  await removeServer(lab, name);
  await cli.close();
  await tiny.remove();
});

test("too little disk for any application: told before there is a plan", async () => {
  await resize(700);
  const ended = await cli.plan(tiny.folder, server);
  await resize(3000);
  expect(ended.code).toBe(1);
  expect(failureIn(ended)).toMatchObject({
    code: "disk_low",
    message: expect.stringMatching(/^The server has \d{3} MB of disk free and needs 2000 MB\.$/),
    object: `root@${server.address}:22`,
    next: expect.stringContaining("docker system df"),
  });
  expect(await containers()).toBe("");
});

/** The disk fills up when the server is ready, while the image is being built. */
async function upWhileDiskFills(): Promise<Ended> {
  let filled: Promise<unknown> | undefined;
  const onStdout = (line: string) => {
    if (/"event":"done","step":"server\/proxy"/.test(line)) filled ??= used().then((size) => resize(size + 50));
  };
  const ended = await cli.up(tiny.folder, server, { onStdout });
  expect(filled).toBeDefined();
  await filled;
  return ended;
}

test("too little disk for the image: told before its first byte is sent; with room again the same command ends well", async () => {
  const ended = await upWhileDiskFills();
  expect(ended.code).toBe(1);
  expect(failureIn(ended)).toMatchObject({
    code: "disk_low",
    message: expect.stringMatching(/^The server has too little free disk for the image berth\/tiny:[0-9a-f]{16}\.$/),
    object: `root@${server.address}:22`,
    cause: expect.stringMatching(/^It needs \d+ MB in \/var\/lib\/docker, and \d\d MB are free\.$/),
    next: expect.stringContaining("docker system df"),
  });
  expect(await shell("docker image ls --quiet berth/tiny")).toBe("");
  expect(await containers()).toBe("berth-proxy");
  await resize(3000);
  done(await cli.up(tiny.folder, server));
});

test("the disk fills up while the image comes: told, what serves serves on, and with room the same command ends well", async () => {
  await tiny.write({ handler: says("later"), files: { "large.bin": randomBytes(60e6).toString("base64") } });
  const slow = await throttleNetwork(lab, name, { mbit: 50, seconds: 300 });
  let filled: Promise<unknown> | undefined;
  const fill = async () => {
    const arriving = () => shell("ls /var/lib/docker/tmp/GetImageBlob*").catch(() => undefined);
    expect(await until(arriving, { timeoutMs: 60_000, everyMs: 100 })).toBeDefined();
    await resize((await used()) + 5);
  };
  const onStdout = (line: string) => {
    if (/"event":"started","step":"transfer/.test(line)) filled ??= fill();
  };
  const ended = await cli.up(tiny.folder, server, { onStdout });
  await slow.release();
  await filled;
  expect(ended.code).toBe(1);
  expect(failureIn(ended)).toMatchObject({
    code: "disk_full",
    message: expect.stringMatching(/^The image berth\/tiny:[0-9a-f]{16} did not reach /),
    object: `root@${server.address}:22`,
    cause: expect.stringMatching(
      /^The server's disk is full\. The Docker Engine there says: .*no space left on device/,
    ),
    next: expect.stringContaining("Make room"),
  });
  const serving = (await ask(lab, server)).body;
  expect(serving).toMatch(/^[0-9a-f-]{36}$/);
  await resize(3000);
  done(await cli.up(tiny.folder, server));
  expect((await ask(lab, server)).body).toBe("later");
  await tiny.write({ handler: says(serving) });
});

describe("the disk here, with the state folder", () => {
  let disk: Disk;
  let env: NodeJS.ProcessEnv;
  const up = (onStdout?: (line: string) => void) => cli.up(tiny.folder, server, { env, ...(onStdout && { onStdout }) });
  const answer = async () => (await ask(lab, server)).body;

  beforeAll(async () => {
    disk = await openDisk(lab, "state", { megabytes: 2000, seconds: 1800 });
    const home = join(disk.path, "state");
    openStore(home, { demo: { networks: [lab.network, lab.network6] } }).close();
    env = { BERTH_HOME: home };
    done(await cli.up(tiny.folder, server));
  });
  afterAll(() => releaseFaults(lab));

  test("fills up under the journal: nothing more is done, the old version serves on, and the same command ends well", async () => {
    const before = await answer();
    await tiny.write({ handler: says("second") });
    let filled: Promise<Fault> | undefined;
    const ended = await up((line) => {
      if (/"step":"server\/ssh"/.test(line)) filled ??= disk.fill({ seconds: 600 });
    });
    const fault = await filled;
    expect(fault).toBeDefined();
    expect(ended.code).toBe(1);
    // Who meets it first, the journal or the image's archive, depends on how fast it fills.
    expect(failureIn(ended)).toMatchObject({
      code: expect.stringMatching(/^(store_unwritable|disk_full_here)$/),
      object: expect.stringContaining(String(env["BERTH_HOME"])),
      cause: expect.stringMatching(/^Its disk is full|^The archive of \S+ (needs|does not fit)/),
      next: expect.stringContaining("Make room"),
    });
    expect(await answer()).toBe(before);
    expect(await containers()).not.toMatch(/build|trial/);
    await fault?.release();
    done(await up());
    expect(await answer()).toBe("second");
    const journals = openJournals(String(env["BERTH_HOME"]));
    expect(journals.intact()).toBe(true);
    journals.close();
  });
});

test("a disk here that is too small for the image's archive: told before it is full, and with room the same command ends well", async () => {
  const disk = await openDisk(lab, "little", { megabytes: 100, seconds: 900 });
  const home = join(disk.path, "state");
  openStore(home, { demo: { networks: [lab.network, lab.network6] } }).close();
  await tiny.write({ handler: says("from a small disk") });
  const up = () => cli.up(tiny.folder, server, { env: { BERTH_HOME: home } });
  const before = (await ask(lab, server)).body;
  const ended = await up();
  expect(ended.code).toBe(1);
  expect(failureIn(ended)).toMatchObject({
    code: "disk_full_here",
    object: expect.stringContaining(home),
    cause: expect.stringMatching(/^The archive of \S+ needs \d+ MB there, and \d+ MB are free\.$/),
    next: expect.stringContaining("Make room"),
  });
  expect(ended.events.at(-1)).toMatchObject({ event: "result", state: "failed" });
  expect((await ask(lab, server)).body).toBe(before);
  expect(await containers()).not.toMatch(/build|trial/);
  await run("mount", ["-o", "remount,size=2000m", disk.path]);
  done(await up());
  expect((await ask(lab, server)).body).toBe("from a small disk");
  const journals = openJournals(home);
  expect(journals.intact()).toBe(true);
  journals.close();
  await releaseFaults(lab);
});
