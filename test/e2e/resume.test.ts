import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { verifyJournal } from "../../src/run/journal.ts";
import { openStore } from "../../src/store/open.ts";
import { runStore } from "../../src/store/runs.ts";
import { ask, type Cli, type Ended, guestbook, openCli, pointDomain, testLab } from "./berth.ts";
import { forgetBuilds, leftByBuilds } from "./builds.ts";
import { plantedDifferences } from "./differences.ts";
import { freshServer, servingDomain, servingServer } from "./servers.ts";
import { migrationStarts, type World, worldOf } from "./world.ts";

// One run on one fresh server, whose worker is killed six times: twice in each part, and each time somebody goes on.
const lab = testLab();
let undisturbed: World;
let seen: World;
let server: Server;
let cli: Cli;
let run = "";
let began = 0;

type Way = "berth up" | "berth resume";

interface Kill {
  part: string;
  step: string;
  /** What has been seen to have begun, once the step is journalled as started. */
  when?: () => Promise<boolean>;
  /** How the run is gone on with afterwards. */
  next: Way;
}

const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);

const kills: Kill[] = [
  {
    part: "provision",
    step: "server/packages",
    when: async () => (await there("cat /var/lib/berth/acts/packages-*/output || true")).includes("Unpacking"),
    next: "berth resume",
  },
  { part: "provision", step: "server/proxy-image", next: "berth up" },
  { part: "build", step: "build.guestbook", next: "berth resume" },
  { part: "build", step: "transfer.guestbook", next: "berth up" },
  { part: "deploy", step: "stack/release-command/guestbook/run", next: "berth resume" },
  { part: "deploy", step: "stack/start/guestbook", next: "berth up" },
];

const goOn = (way: Way, onStdout?: (line: string) => void): Promise<Ended> =>
  way === "berth up"
    ? cli.up(guestbook, server, { domain: servingDomain, ...(onStdout && { onStdout }) })
    : cli.run(["resume", run, "--json"], { ...(onStdout && { onStdout }) });

/** Goes on, and kills the worker when it is in the step. */
async function goOnAndKill(way: Way, { step, when }: Kill): Promise<Ended> {
  let pid = 0;
  let killed: Promise<unknown> | undefined;
  const kill = async () => {
    if (when && !(await until(async () => ((await when()) ? true : undefined), { timeoutMs: 120_000 })))
      throw new Error(`${step} was not seen to begin`);
    process.kill(pid, "SIGKILL");
  };
  const ended = await goOn(way, (line) => {
    const event = JSON.parse(line) as { event: string; step?: string; pid?: number };
    if (event.event === "taken") pid = event.pid ?? 0;
    if (event.event === "started" && event.step === step) killed = kill();
  });
  await killed;
  return ended;
}

function journal() {
  const store = openStore(cli.home);
  try {
    return runStore(store).events(run, 0);
  } finally {
    store.close();
  }
}

beforeAll(async () => {
  const reference = await servingServer(lab, "undisturbed");
  undisturbed = await worldOf(lab, reference);
  server = await freshServer(lab, "killed");
  await pointDomain(lab, server, servingDomain);
  await forgetBuilds(lab);
  cli = await openCli(lab);
  began = Math.floor(Date.now() / 1000);
});
afterAll(async () => {
  await cli?.close();
  for (const name of ["killed", "undisturbed"]) await removeServer(lab, name);
});

describe("kill -9 of the worker", () => {
  test.each(kills.map((kill, n) => ({ ...kill, way: kills[n - 1]?.next ?? ("berth up" as const) })))(
    "in $part, in $step, gone on with by $next",
    async ({ way, ...kill }) => {
      const ended = await goOnAndKill(way, kill);
      expect(ended.stderr).not.toContain("✗");
      const result = ended.events.at(-1);
      expect(result).toMatchObject({ event: "result", state: "interrupted" });
      run ||= String(result?.["run"]);
      expect(result?.["run"]).toBe(run);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(`berth resume ${run}`);
      const events = journal();
      expect(JSON.parse(events.at(-1)?.body ?? "")).toMatchObject({ event: "started", step: kill.step });
      expect(verifyJournal(events)).toEqual({ intact: true });
    },
  );
});

test("it is gone on with to its end, by the one run that was approved", async () => {
  const ended = await goOn("berth up");
  expect(ended.stderr).not.toContain("✗");
  expect(ended.events.at(-1)).toMatchObject({ state: "done", run });
  expect(ended.code).toBe(0);
  expect((await ask(lab, server, { domain: servingDomain })).status).toBe(200);
  expect(verifyJournal(journal())).toEqual({ intact: true });
  expect(JSON.parse((await cli.run(["runs", "--json"])).stdout)).toMatchObject([{ id: run, state: "done" }]);
});

test("the world is that of an undisturbed run", async () => {
  seen = await worldOf(lab, server);
  expect(seen).toEqual(undisturbed);
});

test("the migration was started once", async () => {
  expect(await migrationStarts(lab, server, began)).toBe(1);
});

test("nothing is left where it was built", async () => {
  expect(await leftByBuilds(lab)).toEqual({
    trials: [],
    images: [expect.stringMatching(/^berth\/guestbook:[0-9a-f]{16}$/)],
  });
});

describe("a difference between two worlds shows, be it in", () => {
  test.each(plantedDifferences)("%s", async (_what, script) => {
    await there(script);
    const now = await worldOf(lab, server);
    expect(now).not.toEqual(seen);
    seen = now;
  });
});
