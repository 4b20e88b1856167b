import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { releaseFaults } from "../../lab/faults/inflict.ts";
import { cutNetwork, throttleNetwork } from "../../lab/faults/network.ts";
import { berthProcesses, freeze, killNow } from "../../lab/faults/processes.ts";
import { inServer, rebootServer, removeServer, resetServer, type Server } from "../../lab/server.ts";
import { hasSnapshot, removeSnapshot, saveSnapshot } from "../../lab/snapshot.ts";
import { until } from "../../src/kit/wait.ts";
import { ask, type Cli, type Ended, guestbook, openCli, pointDomain, testLab } from "../e2e/berth.ts";
import { forgetBuilds } from "../e2e/builds.ts";
import { freshServer, servingDomain, servingServer } from "../e2e/servers.ts";
import { migrationStarts, type World, worldOf } from "../e2e/world.ts";
import { type Journal, openJournal } from "./interruptions/journal.ts";
import { ctrlC, onTerminal, type Typing } from "./interruptions/terminal.ts";

// Lines that are cut, servers that reboot, a machine that sleeps, a person's Ctrl-C: nobody does anything but what Berth says,
// and the world is that of an up that nobody disturbed.
const lab = testLab();
const provisioned = "interrupted-provisioned";
const cutSeconds = 60;
const sleepSeconds = 180;

let undisturbed: World | undefined;
let server: Server;
let cli: Cli;
let journal: Journal;
let terminal: Typing | undefined;
let began = 0;

const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** A state folder of its own; nobody has worked in it yet. */
async function openAnew(): Promise<void> {
  await close();
  cli = await openCli(lab);
  journal = openJournal(cli.home);
  began = Math.floor(Date.now() / 1000);
}

async function close(): Promise<void> {
  await releaseFaults(lab);
  terminal?.end();
  if (cli) await killNow([...berthProcesses(cli.home, "commands"), ...berthProcesses(cli.home, "workers")]);
  journal?.close();
  await cli?.close();
}

afterAll(async () => {
  await close();
  for (const name of ["interrupted", "undisturbed"]) await removeServer(lab, name);
  await removeSnapshot(lab, provisioned);
});

/** `berth up` on a terminal, and a person who says yes. */
async function upOnTerminal(): Promise<Typing> {
  const where = ["--server", `ssh://${server.user}@${server.address}`, "--domain", servingDomain];
  const typing = onTerminal(cli, server, ["up", guestbook, ...where]);
  terminal = typing;
  await typing.shows("Type yes");
  typing.type("yes\r");
  return typing;
}

/** Does the act when the step has begun for the nth time and `when` is seen; throws where the command ends before. */
async function inStep(
  [step, nth]: [step: string, nth: number],
  { over, when = async () => true }: { over: () => boolean; when?: () => Promise<boolean> },
  what: string,
  act: () => Promise<unknown>,
): Promise<void> {
  await journal.begun(step, nth, over);
  const seen = async () => ((await when()) ? true : over() ? false : undefined);
  if (!(await until(seen, { timeoutMs: 300_000, everyMs: 50 })))
    throw new Error(`${step} began, and its middle was never seen`);
  say(`${time()} ${what} in ${step}`);
  await act();
  say(`${time()} ${what}: over`);
}

const time = () => new Date().toISOString().slice(11, 19);

const cut = async () => {
  await cutNetwork(lab, server.name, { seconds: cutSeconds });
  await sleep(cutSeconds * 1000);
};

/** While Berth stands still, so that it is this step that meets it. */
const whileStopped = (act: () => Promise<unknown>) => async () => {
  const stopped = await freeze(lab, berthProcesses(cli.home, "workers"), { seconds: 10 });
  const done = act();
  await sleep(2000);
  await stopped.release();
  await done;
};

/** So many bytes have come to the server since it was first asked. */
function received(bytes: number): () => Promise<boolean> {
  let first: number | undefined;
  return async () => {
    const now = Number(await there("cat /sys/class/net/eth0/statistics/rx_bytes"));
    first ??= now;
    return now - first > bytes;
  };
}

const unpacking = async () => (await there("cat /var/lib/berth/acts/packages-*/output || true")).includes("Unpacking");
const installing = async () => (await there("systemctl list-units --plain --no-legend 'berth-packages*'")) !== "";

async function undisturbedWorld(): Promise<World> {
  if (undisturbed) return undisturbed;
  const reference = await servingServer(lab, "undisturbed");
  undisturbed = await worldOf(lab, reference);
  await removeServer(lab, reference.name);
  return undisturbed;
}

async function expectSameWorld(): Promise<void> {
  expect(journal.intact()).toBe(true);
  expect((await ask(lab, server, { domain: servingDomain })).status).toBe(200);
  expect(await worldOf(lab, server)).toEqual(await undisturbedWorld());
  expect(begunTimes("stack/release-command/guestbook/run")).toBe(1);
}

const begunTimes = (step: string) =>
  journal.events().filter((event) => event.event === "started" && event.step === step).length;

describe("on a fresh server", () => {
  beforeAll(async () => {
    server = await freshServer(lab, "interrupted");
    await pointDomain(lab, server, servingDomain);
    await forgetBuilds(lab, { steps: true });
    await openAnew();
  });

  test("a reboot and a cut line while packages are installed: the run goes on by itself; Ctrl-C twice cancels it", async () => {
    const typing = await upOnTerminal();
    let ended = false;
    void typing.ended.then(() => {
      ended = true;
    });
    const over = () => ended;
    await inStep(["server/packages", 1], { over, when: unpacking }, "reboot", () => rebootServer(lab, server.name));
    await inStep(["server/packages", 2], { over, when: installing }, "cut", cut);
    await inStep(["build.guestbook", 1], { over }, "Ctrl-C twice", async () => {
      typing.type(ctrlC);
      await typing.shows("goes on without this command");
      typing.type(ctrlC);
    });
    expect(await typing.ended).toBe(1);
    const shown = typing.shown();
    expect(shown.match(/The connection to the server was lost/g)).toHaveLength(2);
    expect(shown.match(/The server answers again: going on/g)).toHaveLength(2);
    expect(shown).toContain(`berth runs ${journal.run()}`);
    expect(shown).toContain("The run is cancelled.");
    expect(shown).toContain(`berth resume ${journal.run()}`);
    expect(journal.count("waiting")).toBe(2);
    expect(journal.count("taken")).toBe(3);
    expect(journal.events().at(-1)).toMatchObject({ event: "ended", state: "cancelled" });
    await saveSnapshot(lab, server.name, provisioned);
  });

  test("the same command again goes on, through cuts and a power failure in transfer and switch, by itself", async () => {
    const slow = await throttleNetwork(lab, server.name, { mbit: 100, seconds: 600 });
    let ended: Ended | undefined;
    const over = () => ended !== undefined;
    const before = journal.run();
    const going = cli.up(guestbook, server, { domain: servingDomain }).then((so) => {
      ended = so;
    });
    if (!(await until(async () => journal.run() !== before || over() || undefined, { timeoutMs: 120_000 })))
      throw new Error("up began nothing");
    await inStep(["transfer.guestbook", 1], { over, when: received(10e6) }, "cut", cut);
    await inStep(["transfer.guestbook", 2], { over, when: received(5e6) }, "power failure", () =>
      resetServer(lab, server.name),
    );
    await inStep(["stack/switch", 1], { over }, "cut", whileStopped(cut));
    await going;
    await slow.release();
    // Asked at once: an Engine forgets what it has told long ago, or before its server went down.
    expect(await migrationStarts(lab, server, began)).toBe(1);
    expect(ended?.stderr).toContain("The server answers again: going on");
    expect(ended?.events.at(-1)).toMatchObject({ event: "result", state: "done" });
    expect(ended?.events.at(-1)).not.toHaveProperty("failure");
    expect(ended?.code).toBe(0);
    expect(journal.count("waiting")).toBe(3);
  });

  test("the world is that of an undisturbed up", expectSameWorld);
});

describe("on a provisioned server", () => {
  beforeAll(async () => {
    if (!hasSnapshot(lab, provisioned)) throw new Error("what goes before has failed");
    server = await freshServer(lab, "interrupted", { from: provisioned });
    await pointDomain(lab, server, servingDomain);
    await openAnew();
    await throttleNetwork(lab, server.name, { mbit: 50, seconds: 600 });
  });

  test("Ctrl-C once leaves the run going, and says how to follow it", async () => {
    const typing = await upOnTerminal();
    let ended = false;
    void typing.ended.then(() => {
      ended = true;
    });
    await inStep(["transfer.guestbook", 1], { over: () => ended, when: received(2e6) }, "Ctrl-C", async () =>
      typing.type(ctrlC),
    );
    expect(await typing.ended).toBe(130);
    expect(typing.shown()).toContain(`The run ${journal.run()} goes on without this command.`);
    expect(typing.shown()).toContain(`berth runs ${journal.run()}`);
    expect(berthProcesses(cli.home, "workers")).toHaveLength(1);
    expect(journal.count("ended")).toBe(0);
  });

  test("a sleep of three minutes in the transfer, and a reboot in the switch: both go on by themselves", async () => {
    let [read, ended] = [false, false];
    // Not on a terminal: `script`, which makes one, stops itself when what it runs is stopped.
    const onStdout = () => {
      read = true;
    };
    const reading = cli.run(["runs", journal.run(), "--json"], { onStdout }).finally(() => {
      ended = true;
    });
    const over = () => ended;
    await until(async () => read || over() || undefined, { timeoutMs: 60_000 });
    await inStep(["transfer.guestbook", 1], { over }, "sleep", async () => {
      const asleep = [...berthProcesses(cli.home, "workers"), ...berthProcesses(cli.home, "commands")];
      const stopped = await freeze(lab, asleep, { seconds: sleepSeconds + 60 });
      await sleep(sleepSeconds * 1000);
      await stopped.release();
    });
    await inStep(
      ["stack/switch", 1],
      { over },
      "reboot",
      whileStopped(() => rebootServer(lab, server.name)),
    );
    const { code, stderr, events } = await reading;
    expect(stderr.match(/The server answers again: going on/g)).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ state: "done", address: `https://${servingDomain}` });
    expect(events.at(-1)).not.toHaveProperty("failure");
    expect(code).toBe(0);
    expect(journal.events().at(-1)).toMatchObject({ event: "ended", state: "done" });
  });

  test("the world is that of an undisturbed up", expectSameWorld);
});
