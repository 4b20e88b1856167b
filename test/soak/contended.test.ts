import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { setName } from "../../lab/dns.ts";
import { berthProcesses, killNow } from "../../lab/faults/processes.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { ask, type Cli, done, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { makeTiny, says, type Tiny } from "../e2e/tiny.ts";
import { openJournals } from "./faults/journal.ts";
import { lockLine } from "./lease/holder.ts";

// Two people with a state folder each change one server: never both one stack, and what was approved over one state of it is
// not applied over another.
const lab = testLab();
const lock = "stack-shared";
/** For so long a run has its lock without a sign of life. */
const leaseSeconds = 30;
let server: Server;
let tiny: Tiny;
let [ann, bob]: [Cli, Cli] = [] as unknown as [Cli, Cli];

const there = (script: string) => inServer(lab, server.name, "sh", "-ec", script);
const said = async (domain?: string) => (await ask(lab, server, domain === undefined ? {} : { domain })).body;
const version = (word: string, scripts = {}) => tiny.write({ handler: says(word), scripts });
const serial = async () =>
  Number(
    await there(
      "jq .serial /var/lib/berth/stacks/shared/applied.json 2>/dev/null || sed -n 's/.*\"serial\": *\\([0-9]*\\).*/\\1/p' /var/lib/berth/stacks/shared/applied.json",
    ),
  );

/** What stands on the server, down to the ids of its containers. */
async function standing(): Promise<string> {
  const look = () =>
    there(`docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort; docker image ls --quiet | sort
      docker volume ls --quiet | sort; docker network ls --quiet | sort
      cd /var/lib/berth; find stacks proxy -type f -exec sha256sum {} + | sort -k 2`);
  let last = "";
  const still = async () => {
    const now = await look();
    const same = now === last;
    last = now;
    return same ? now : undefined;
  };
  const seen = await until(still, { timeoutMs: 60_000, everyMs: 1000 });
  if (seen === undefined) throw new Error("the server does not come to rest");
  return seen;
}

/** Waits for a line of a state folder's journals, looking closely. */
async function lineOf(
  cli: Cli,
  wanted: (line: ReturnType<ReturnType<typeof openJournals>["lines"]>[number]) => boolean,
) {
  const journals = openJournals(cli.home);
  try {
    const line = await until(async () => journals.lines().findLast(wanted), { timeoutMs: 240_000, everyMs: 5 });
    if (!line) throw new Error("the journal does not come to that");
    return line;
  } finally {
    journals.close();
  }
}

const begins = (step: string) => (line: { event: string; step?: string }) =>
  line.event === "started" && line.step === step;
const hasEnded = ({ event }: { event: string }) => event === "ended";
const worker = (cli: Cli): number => {
  const [pid] = berthProcesses(cli.home, "workers");
  if (pid === undefined) throw new Error("there is no worker");
  return pid;
};
const runIn = (cli: Cli): string => {
  const journals = openJournals(cli.home);
  try {
    return journals.ids()[0] ?? "";
  } finally {
    journals.close();
  }
};

beforeAll(async () => {
  server = await servingServer(lab, "shared");
  await there(`useradd --create-home --shell /bin/bash deploy
    echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deploy
    install -D -m 600 -o deploy -g deploy /root/.ssh/authorized_keys /home/deploy/.ssh/authorized_keys
    chown deploy:deploy /home/deploy/.ssh`);
  tiny = await makeTiny("shared");
  await version("one");
  const first = await openCli(lab);
  try {
    done(await first.up(tiny.folder, server));
  } finally {
    await first.close();
  }
}, 1_200_000);
beforeEach(async () => {
  [ann, bob] = await Promise.all([openCli(lab), openCli(lab)]);
});
afterEach(async () => {
  for (const cli of [ann, bob]) {
    await killNow([...berthProcesses(cli.home, "workers"), ...berthProcesses(cli.home, "commands")]);
    await cli.close();
  }
});
afterAll(async () => {
  await tiny?.remove();
  await removeServer(lab, "shared");
});

test("of two ups of one stack at once one goes on; the other says who holds it, and ends", async () => {
  await version("two");
  const before = await serial();
  const both = await Promise.all([ann.up(tiny.folder, server), bob.up(tiny.folder, server)]);
  const [won, lost] = both[0].code === 0 ? both : both.toReversed();
  if (!won || !lost) throw new Error("there are two");
  done(won);
  expect(lost.code).toBe(1);
  expect(["lock_held", "base_changed"]).toContain(failureIn(lost)["code"]);
  expect(lost.stderr).toContain(`@${hostname()} (run ${won.events.at(-1)?.["run"]}) is changing this server`);
  expect(lost.events.map(({ event }) => event)).not.toContain("started");
  expect(await serial()).toBe(before + 1);
  expect(await said()).toBe("two");
});

test("who waits longer than for one that died ends with who holds it", async () => {
  await version("three", { build: "sleep 120" });
  const first = ann.up(tiny.folder, server);
  await lineOf(ann, begins("build.shared"));
  await version("four");
  const second = await bob.up(tiny.folder, server);
  expect(failureIn(second)).toMatchObject({
    code: "lock_held",
    message: expect.stringContaining(`(run ${runIn(ann)})`),
  });
  expect(second.events.map(({ event }) => event)).not.toContain("started");
  done(await first);
  expect(await said()).toBe("three");
});

test.each(["root", "deploy"])(
  "a worker that is frozen just before its switch, as %s, changes nothing when it wakes",
  async (user) => {
    const before = await said();
    const as = { ...server, user };
    await version(`of ann, as ${user}`);
    const first = ann.up(tiny.folder, as);
    await lineOf(ann, begins("stack/switch"));
    const pid = worker(ann);
    process.kill(pid, "SIGSTOP");
    expect(await said()).toBe(before);
    await version(`of bob, as ${user}`);
    done(await bob.up(tiny.folder, as));
    const seen = await standing();
    process.kill(pid, "SIGCONT");
    const end = await lineOf(ann, hasEnded);
    expect(end).toMatchObject({ state: "failed", failure: { code: "lock_lost" } });
    await first;
    expect(await standing()).toBe(seen);
    expect(await said()).toBe(`of bob, as ${user}`);
  },
);

test("a run that died is taken over when its lease is over, and not before; its own run goes on at once", async () => {
  await version("five", { build: "sleep 20" });
  const first = ann.up(tiny.folder, server);
  await lineOf(ann, begins("build.shared"));
  await killNow([worker(ann)]);
  await first;
  const run = runIn(ann);
  const before = await lockLine(lab, server.name, lock);
  expect(before.run).toBe(run);

  const resumed = ann.run(["resume", run, "--json"]);
  await lineOf(ann, begins("stack/start/shared"));
  await killNow([worker(ann)]);
  const ended = await resumed;
  expect(ended.events.map(({ event }) => event)).not.toContain("waiting");
  const left = await lockLine(lab, server.name, lock);
  expect(left).toMatchObject({ number: before.number + 1, run });

  await version("six");
  const second = bob.up(tiny.folder, server);
  const taken = async () => {
    const line = await lockLine(lab, server.name, lock);
    return line.number > left.number ? line : undefined;
  };
  const over = await until(taken, { timeoutMs: 120_000, everyMs: 500 });
  expect(over?.run).toBe(runIn(bob));
  // It has it for so long from when it got it, and longer with each sign of life.
  expect((over?.expiry ?? 0) - leaseSeconds).toBeGreaterThanOrEqual(left.expiry);
  done(await second);
  const again = await ann.run(["resume", run, "--json"]);
  expect(failureIn(again)["code"]).toBe("base_changed");
  expect(await said()).toBe("six");
});

test.each(["berth resume", "berth up"])(
  "a run that is killed between its last act and its end is brought to it by %s",
  async (way) => {
    await version(`killed, then ${way}`);
    const before = await serial();
    const first = ann.up(tiny.folder, server);
    await lineOf(ann, begins("stack/record"));
    const pid = worker(ann);
    // Let go on for a moment at a time, until the server says that it has raised the serial.
    process.kill(pid, "SIGSTOP");
    const raised = async () => {
      if ((await serial()) > before) return true;
      process.kill(pid, "SIGCONT");
      await sleep(20);
      process.kill(pid, "SIGSTOP");
      return undefined;
    };
    expect(await until(raised, { timeoutMs: 60_000, everyMs: 10 })).toBe(true);
    await killNow([pid]);
    const cut = await first;
    expect(cut.events.at(-1)).toMatchObject({ state: "interrupted" });
    const seen = await standing();
    const ended = done(
      way === "berth up" ? await ann.up(tiny.folder, server) : await ann.run(["resume", runIn(ann), "--json"]),
    );
    expect(ended.events.at(-1)).toMatchObject({ state: "done", run: runIn(ann) });
    expect(ended.events.map(({ event }) => event)).not.toContain("started");
    expect(await standing()).toBe(seen);
    expect(await serial()).toBe(before + 1);
    expect(JSON.parse((await ann.run(["runs", "--json"])).stdout)).toMatchObject([{ state: "done" }]);
  },
);

test("two new stacks at once on one server: both answer, beside those that stood", async () => {
  const words = ["left", "right"] as const;
  const stood = await said();
  const both = await Promise.all(
    words.map(async (word, n) => {
      const source = await makeTiny(word);
      try {
        await source.write({ handler: says(word) });
        const domain = `${word}.example.test`;
        await setName(lab, domain, [server.address, server.address6]);
        return await ([ann, bob][n] as Cli).up(source.folder, server, { domain });
      } finally {
        await source.remove();
      }
    }),
  );
  for (const ended of both) done(ended);
  for (const word of words) expect(await said(`${word}.example.test`)).toBe(word);
  expect(await said()).toBe(stood);
  expect((await ask(lab, server, { domain: servingDomain })).status).toBe(200);
});
