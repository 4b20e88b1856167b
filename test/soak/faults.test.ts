import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { berthProcesses, killNow } from "../../lab/faults/processes.ts";
import { down, openLab, up } from "../../lab/lab.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { hasSnapshot, saveSnapshot } from "../../lab/snapshot.ts";
import { ask, type Cli, done, type Ended, openCli, pointDomain, testLab } from "../e2e/berth.ts";
import { forgetBuilds, leftByBuilds } from "../e2e/builds.ts";
import { plantedDifferences } from "../e2e/differences.ts";
import { freshServer, servingDomain } from "../e2e/servers.ts";
import { migrationStarts, type World, worldOf } from "../e2e/world.ts";
import { type Journals, openJournals, stagesIn } from "./faults/journal.ts";
import { killAt } from "./faults/kill.ts";
import { builds, describePoint, type Point, pointsOf, type Way } from "./faults/points.ts";
import { slowGuestbook } from "./faults/source.ts";

// Whole ups, each with one kill -9 at a point that a seed draws, gone on with to the world of one that nobody disturbed.
// npm run soak -- --suite faults --seed N --points K
const seed = Number(process.env["SOAK_SEED"] ?? Math.floor(Math.random() * 1e6));
const count = Number(process.env["SOAK_POINTS"] ?? 6);
const mostTries = 3;
const provisioned = "provisioned-13";

const lab = testLab();
// Its Engine can be killed alone: on the lab's own the servers live.
const builder = openLab(`${lab.name}-b`);
let source: string;
let undisturbed: World;
let points: Point[];
let cli: Cli | undefined;
let journals: Journals | undefined;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A state folder of its own, and its journals. */
async function open(): Promise<{ cli: Cli; journals: Journals }> {
  cli = await openCli(lab, builder);
  journals = openJournals(cli.home);
  return { cli, journals };
}

async function close(): Promise<void> {
  if (cli) await killNow([...berthProcesses(cli.home, "workers"), ...berthProcesses(cli.home, "commands")]);
  journals?.close();
  await cli?.close();
  [cli, journals] = [undefined, undefined];
}

/** A server with the domain of all of them: their worlds name it. */
async function serverFor(name: string, from?: string): Promise<Server> {
  const server = await freshServer(lab, name, from === undefined ? {} : { from });
  await pointDomain(lab, server, servingDomain);
  return server;
}

beforeAll(async () => {
  await up(builder);
  source = await slowGuestbook();
  await forgetBuilds(builder, { steps: true });
  const server = await serverFor("reference");
  const opened = await open();
  done(await opened.cli.up(source, server, { domain: servingDomain }));
  points = pointsOf(seed, count, stagesIn(opened.journals.lines()));
  undisturbed = await worldOf(lab, server);
  await close();
  if (!hasSnapshot(lab, provisioned)) await makeProvisioned();
  say(`seed ${seed}, ${count} points (--seed ${seed} --points ${count} draws them again)`);
  for (const point of points) say(describePoint(point));
}, 1_200_000);
afterEach(async () => {
  await close();
  await removeServer(lab, "killed");
});
afterAll(async () => {
  await removeServer(lab, "reference");
  await down(builder);
  if (source) await rm(dirname(source), { recursive: true });
});

/** A server on which all of provision is done, and nothing of what follows. */
async function makeProvisioned(): Promise<void> {
  const server = await serverFor("provisioned");
  await forgetBuilds(builder, { steps: true });
  const opened = await open();
  let cancelled: Promise<Ended> | undefined;
  const onStdout = (line: string) => {
    const { event, step } = JSON.parse(line) as { event: string; step?: string };
    if (event === "started" && builds(step ?? "")) cancelled ??= opened.cli.run(["cancel", ...opened.journals.ids()]);
  };
  const ended = await opened.cli.up(source, server, { domain: servingDomain, onStdout });
  await cancelled;
  expect(ended.events.at(-1)).toMatchObject({ state: "cancelled" });
  await saveSnapshot(lab, server.name, provisioned);
  await close();
  await removeServer(lab, server.name);
}

describe(`kill -9 at a point of seed ${seed}`, () => {
  test.each(Array.from({ length: count }, (_, index) => index + 1))("point %i", async (n) => {
    const point = points[n - 1] as Point;
    const began = Math.floor(Date.now() / 1000);
    const server = await serverFor("killed", point.from === "fresh" ? undefined : provisioned);
    await forgetBuilds(builder, { steps: builds(point.step) });
    const opened = await open();
    const ways = await upAndKill(point, server, opened);
    say(`${describePoint(point)}: ${ways.join(", ")}, ${Math.ceil(Date.now() / 1000 - began)} s`);

    expect(opened.journals.ids()).toHaveLength(1);
    expect(opened.journals.intact()).toBe(true);
    expect(opened.journals.lines().at(-1)).toMatchObject({ event: "ended", state: "done" });
    expect((await ask(lab, server, { domain: servingDomain })).status).toBe(200);
    expect(await worldOf(lab, server)).toEqual(undisturbed);
    expect(await migrationStarts(lab, server, began)).toBe(1);
    expect(await leftByBuilds(builder)).toEqual({
      trials: [],
      images: [expect.stringMatching(/^berth\/guestbook:[0-9a-f]{16}$/)],
    });
  });
});

/** One up, killed at the point and gone on with until it is done; how each command ended. Throws where it does not end. */
async function upAndKill(point: Point, server: Server, opened: { cli: Cli; journals: Journals }): Promise<string[]> {
  const goOn = (way: Way): Promise<Ended> =>
    way === "berth up"
      ? opened.cli.up(source, server, { domain: servingDomain })
      : opened.cli.run(["resume", ...opened.journals.ids(), "--json"]);
  let over = false;
  const first = goOn("berth up").finally(() => {
    over = true;
  });
  const scene = { lab, builder, server, home: opened.cli.home, journals: opened.journals };
  const [struck, ended] = await Promise.all([killAt(point, scene, () => over), first]);
  if (!struck) throw new Error(`the point came too late: nobody was there to be killed\n${ended.stderr.slice(-2000)}`);
  const ways = [endOf(ended)];
  for (let last = ended; last.code !== 0; ) {
    if (ways.length > mostTries) throw new Error(`${ways.join(", ")}:\n${last.stderr.slice(-3000)}`);
    last = await goOn(point.next);
    ways.push(endOf(last));
  }
  return ways;
}

function endOf({ code, events }: Ended): string {
  const last = events.at(-1) as { state?: string; failure?: { code: string; cause: string } } | undefined;
  return code < 0
    ? "killed"
    : `${last?.state ?? `code ${code}`}${last?.failure ? ` (${last.failure.code}: ${last.failure.cause})` : ""}`;
}

describe("the comparison", () => {
  const reference = { name: "reference" };
  let seen: World;

  test("finds no difference where nothing was changed", async () => {
    seen = await worldOf(lab, reference);
    expect(seen).toEqual(undisturbed);
  });

  test.each(plantedDifferences)("finds what was planted: %s", async (_what, script) => {
    await inServer(lab, reference.name, "sh", "-c", script);
    const now = await worldOf(lab, reference);
    expect(now).not.toEqual(seen);
    seen = now;
  });
});
