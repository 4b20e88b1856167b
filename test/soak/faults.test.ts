import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { berthProcesses, killNow } from "../../lab/faults/processes.ts";
import { down, openLab, up } from "../../lab/lab.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { hasSnapshot, saveSnapshot } from "../../lab/snapshot.ts";
import { until } from "../../src/kit/wait.ts";
import { ask, type Cli, done, type Ended, openCli, pointDomain, testLab } from "../e2e/berth.ts";
import { forgetBuilds, leftByBuilds } from "../e2e/builds.ts";
import { plantedDifferences } from "../e2e/differences.ts";
import { freshServer, servingDomain } from "../e2e/servers.ts";
import { containerStarts, type World, worldOf } from "../e2e/world.ts";
import { begunAgain, type Journals, openJournals, stagesIn, unnamed } from "./faults/journal.ts";
import { upWithKills } from "./faults/kills.ts";
import {
  builds,
  describePoint,
  drawnAgain,
  type Group,
  groupNames,
  groupsOf,
  type Point,
  type Stages,
  type Way,
} from "./faults/points.ts";
import { invitations, slowGuestbook } from "./faults/source.ts";
import { type Visit, visitEverySecond } from "./faults/visits.ts";

// Whole ups, each with kill -9 at points that a seed draws, gone on with to the world of one that nobody disturbed.
// npm run soak -- --suite faults --seed N --points K
const seed = Number(process.env["SOAK_SEED"] ?? Math.floor(Math.random() * 1e6));
const count = Number(process.env["SOAK_POINTS"] ?? 20);
const mostDraws = 3;
// Nothing here is about time, and a busy machine is slow.
const patienceMs = 3_600_000;

const lab = testLab();
// Its Engine can be killed alone: on the lab's own the servers live.
const builder = openLab(`${lab.name}-b`);
const domain = servingDomain;
/** What a server begins with in each part, and what is brought there. */
const parts = {
  provision: { from: undefined, second: false },
  deploy: { from: "provisioned-13", second: false },
  release: { from: "standing-13", second: true },
} as const;
let sources: { first: string; second: string };
let undisturbed: { first: World; second: World };
let stages: Stages;
let groups: Group[];
let opened: { cli: Cli; journals: Journals } | undefined;
let struck = 0;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A state folder of its own, and its journals. */
async function open(): Promise<{ cli: Cli; journals: Journals }> {
  const cli = await openCli(lab, builder);
  opened = { cli, journals: openJournals(cli.home) };
  return opened;
}

async function close(): Promise<void> {
  if (!opened) return;
  const { cli, journals } = opened;
  opened = undefined;
  await killNow([...berthProcesses(cli.home, "workers"), ...berthProcesses(cli.home, "commands")]);
  journals.close();
  await cli.close();
}

/** A server with the domain of all of them: their worlds name it. */
async function serverFor(name: string, from?: string): Promise<Server> {
  const server = await freshServer(lab, name, from === undefined ? {} : { from });
  await pointDomain(lab, server, domain);
  return server;
}

beforeAll(async () => {
  say(`seed ${seed}, ${count} points (--seed ${seed} --points ${count} draws them again)`);
  await up(builder);
  sources = { first: await slowGuestbook(), second: await slowGuestbook(invitations.new) };
  await forgetBuilds(builder, { steps: true });
  const server = await serverFor("reference");
  const first = await upUndisturbed(sources.first, server);
  await saveSnapshot(lab, server.name, parts.release.from);
  await forgetBuilds(builder);
  const second = await upUndisturbed(sources.second, server);
  undisturbed = { first: first.world, second: second.world };
  const provision = first.applied.filter(({ step }) => step.startsWith("server/"));
  const deploy = first.applied.filter(({ step }) => !step.startsWith("server/"));
  stages = { provision, deploy, release: second.applied };
  if (!hasSnapshot(lab, parts.deploy.from)) await makeProvisioned();
  groups = groupsOf(seed, count, stages);
  for (const { name, points } of groups) for (const point of points) say(`${name}: ${describePoint(point)}`);
}, patienceMs);
afterEach(async () => {
  await close();
  await removeServer(lab, "killed");
});
afterAll(async () => {
  await removeServer(lab, "reference");
  await down(builder);
  for (const source of Object.values(sources ?? {})) await rm(dirname(source), { recursive: true });
});

async function upUndisturbed(source: string, server: Server) {
  const { cli, journals } = await open();
  done(await cli.up(source, server, { domain }));
  const applied = stagesIn(journals.lines());
  await close();
  return { applied, world: await worldOf(lab, server) };
}

/** A server on which all of provision is done, and nothing of what follows. */
async function makeProvisioned(): Promise<void> {
  const server = await serverFor("provisioned");
  await forgetBuilds(builder, { steps: true });
  const { cli, journals } = await open();
  let cancelled: Promise<Ended> | undefined;
  const onStdout = (line: string) => {
    const { event, step } = JSON.parse(line) as { event: string; step?: string };
    if (event === "started" && builds(step ?? "")) cancelled ??= cli.run(["cancel", ...journals.ids()]);
  };
  const ended = await cli.up(sources.first, server, { domain, onStdout });
  await cancelled;
  expect(ended.events.at(-1)).toMatchObject({ state: "cancelled" });
  await saveSnapshot(lab, server.name, parts.deploy.from);
  await close();
  await removeServer(lab, server.name);
}

describe(`kill -9 at the points of seed ${seed}`, () => {
  test.each(groupNames(count))(
    "in one up: %s",
    async (name) => {
      let group = groups.find((one) => one.name === name) as Group;
      for (; group.points.length > 0; ) {
        if (group.draw > mostDraws) throw new Error(`${group.points.map(describePoint).join("\n")}\nnever came`);
        const missed = await disturbed(group).catch((error: Error) => {
          say(`${name}: ${error.message}`);
          throw error;
        });
        group = drawnAgain(seed, group, missed, stages);
      }
    },
    patienceMs,
  );

  test(`${count} kills have struck`, () => {
    say(`${struck} kills have struck`);
    expect(struck).toBe(count);
  });
});

/** One up, killed at the group's points and gone on with; what it leaves is as if nobody had disturbed it. Answers the points that never came. */
async function disturbed({ name, part, points }: Group): Promise<Point[]> {
  const { from, second } = parts[part];
  const source = second ? sources.second : sources.first;
  const began = Math.floor(Date.now() / 1000);
  const server = await serverFor("killed", from);
  await forgetBuilds(builder, { steps: part === "deploy" && points.some(({ step }) => builds(step)) });
  const { cli, journals } = await open();
  const visitor = second ? await visitStanding(server) : undefined;
  const starts = new Map<string, string>();
  const { missed, ends } = await upWithKills({
    points,
    scene: { lab, builder, server, home: cli.home, journals },
    goOn: (way: Way) =>
      way === "berth up"
        ? cli.up(source, server, { domain })
        : cli.run(["resume", ...journals.ids().slice(0, 1), "--json"]),
    look: async () => {
      // There may be no Engine yet.
      const seen = await containerStarts(lab, server, began).catch(() => []);
      for (const { at, container, role } of seen) starts.set(at, `${role} ${container}`);
    },
    tell: (point, hit) => {
      if (hit) struck++;
      const what = hit ? `struck in ${hit.step}` : "its moment never came";
      say(`${name}: ${describePoint(point)}: ${what}`);
    },
  });
  const visits = await visitor?.stop();
  say(`${name}: ${ends.join(", ")}; ${Math.ceil(Date.now() / 1000 - began)} s`);

  expect(journals.ids()).toHaveLength(1);
  expect(journals.intact()).toBe(true);
  const lines = journals.lines();
  expect(lines.at(-1)).toMatchObject({ event: "ended", state: "done" });
  expect(begunAgain(lines)).toEqual([]);
  expect(unnamed(lines)).toEqual([]);
  expect(await invitationOn(server)).toBe(second ? "new" : "old");
  expect(await worldOf(lab, server)).toEqual(second ? undisturbed.second : undisturbed.first);
  const started = [...starts.values()];
  expect(started.filter((start) => start.startsWith("release-command "))).toHaveLength(1);
  expect(started).toEqual([...new Set(started)]);
  expect(await leftByBuilds(builder)).toEqual({
    trials: [],
    images: [expect.stringMatching(/^berth\/guestbook:[0-9a-f]{16}$/)],
  });
  if (visits) expectServed(visits, lines);
  say(`${name}: the world is that of an undisturbed one`);
  await close();
  return missed;
}

/** Visits begin when what stands there has booted. */
async function visitStanding(server: Server): Promise<ReturnType<typeof visitEverySecond>> {
  const visit = () => invitationOn(server);
  const stands = async () => ((await visit().catch(String)) === "old" ? true : undefined);
  if (!(await until(stands, { timeoutMs: 300_000, everyMs: 1000 }))) throw new Error(`${server.name} does not answer`);
  return visitEverySecond(visit);
}

async function invitationOn(server: Server): Promise<string> {
  const { status, body } = await ask(lab, server, { domain });
  const said = Object.entries(invitations).find(([, text]) => body.includes(text));
  return status === 200 && said ? said[0] : `failed: ${status} ${body.slice(0, 100)}`;
}

/** The old one served until the switch, and from then on the new one. */
function expectServed(visits: readonly Visit[], lines: ReturnType<Journals["lines"]>): void {
  const ofSwitch = lines.filter((line) => "step" in line && line.step === "stack/switch");
  const begun = ofSwitch.find(({ event }) => event === "started")?.at ?? Number.NaN;
  const over = ofSwitch.find(({ event }) => event === "done" || event === "observed")?.at ?? Number.NaN;
  say(`${visits.length} visits, ${visits.filter(({ ended }) => ended < begun).length} before the switch`);
  expect(visits.filter(({ said }) => said.startsWith("failed"))).toEqual([]);
  expect(visits.filter(({ ended, said }) => ended < begun && said !== "old")).toEqual([]);
  expect(visits.filter(({ began, said }) => began > over && said !== "new")).toEqual([]);
  const firstNew = visits.findIndex(({ said }) => said === "new");
  expect(visits.slice(firstNew).filter(({ said }) => said !== "new")).toEqual([]);
  expect(firstNew).toBeGreaterThan(0);
}

describe("the comparison", () => {
  const reference = { name: "reference" };
  let seen: World;

  test("finds no difference where nothing was changed", async () => {
    seen = await worldOf(lab, reference);
    expect(seen).toEqual(undisturbed.second);
  });

  test.each(plantedDifferences)("finds what was planted: %s", async (_what, script) => {
    await inServer(lab, reference.name, "sh", "-c", script);
    const now = await worldOf(lab, reference);
    expect(now).not.toEqual(seen);
    seen = now;
  });
});
