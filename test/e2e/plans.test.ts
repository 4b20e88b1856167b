import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acmeRootFile } from "../../lab/acme.ts";
import { environmentFor } from "../../lab/lab.ts";
import { removeServer, type Server } from "../../lab/server.ts";
import type { PlanRecord, PlanWanted, Surface } from "../../src/services/surface.ts";
import { surfaceOf } from "../../src/services/surface-of.ts";
import { openBerth } from "../../src/services.ts";
import type { Wishes } from "../../src/stages/plan/wishes.ts";
import { guestbook, testLab } from "./berth.ts";
import { freshServer } from "./servers.ts";

// A plan that is talked about, on a server to which nothing is done.
const lab = testLab();
let server: Server;
let home: string;
let berth: ReturnType<typeof openBerth>;
let surface: Surface;
const never = new AbortController().signal;

beforeAll(async () => {
  server = await freshServer(lab, "talked-of");
  home = await mkdtemp(join(tmpdir(), "berth-e2e-"));
  const { DOCKER_HOST, BERTH_ACME_DIRECTORY } = await environmentFor(lab);
  berth = openBerth({
    home,
    env: { ...process.env, DOCKER_HOST },
    version: "0.0.1",
    workerCommand: ["false"],
    acme: { directory: BERTH_ACME_DIRECTORY ?? "", email: null, trust: null },
    trustedRoots: [readFileSync(acmeRootFile(lab), "utf8")],
    caBundle: undefined,
    identityFile: server.key,
    allowPrivateAddresses: true,
    elicitation: "accept",
  });
  surface = surfaceOf(berth, { cwd: dirname(guestbook), git: {} });
});
afterAll(async () => {
  berth.close();
  await rm(home, { recursive: true });
  await removeServer(lab, "talked-of");
});

const propose = (from: PlanWanted["from"], wishes: Partial<Wishes>, signal = never): Promise<PlanRecord> =>
  surface.plans.propose({ from, wishes: { env: {}, ...wishes }, updateImages: false }, signal);

test("a plan is proposed from an analysis, and changed from plan to plan before anything was applied", async () => {
  const { id } = await surface.analyses.analyze("guestbook", never);
  const from = { analysis: id, server: `ssh://${server.user}@${server.address}` };
  await expect(propose(from, {})).rejects.toMatchObject({ code: "questions_open" });

  const first = await propose(from, { domain: "talk.example.test", env: { SITE_TITLE: "Guests" } });
  expect(first).toMatchObject({ stack: "guestbook", sinceLast: null, sinceApplied: null });
  expect((await propose(from, { domain: "talk.example.test", env: { SITE_TITLE: "Guests" } })).hash).toBe(first.hash);

  const second = await propose({ plan: first.hash.slice(0, 12) }, { memoryMegabytes: 777 });
  expect(second.plan.wishes).toEqual({
    domain: "talk.example.test",
    env: { SITE_TITLE: "Guests" },
    memoryMegabytes: 777,
  });
  expect(second.sinceLast).toMatchObject({
    against: first.hash,
    changes: [{ path: "services.guestbook.memoryMegabytes", to: 777 }],
  });

  // Without the analysis the copy that the plan is built from is read again.
  berth.store.run("DELETE FROM analyses");
  const third = await propose({ plan: second.hash }, { domain: "other.example.test" });
  expect(third.plan.routes).toEqual([{ host: "other.example.test", path: "/", service: "guestbook", strip: false }]);
  expect(third.plan.services[0]?.memoryMegabytes).toBe(777);
  expect(surface.plans.list("guestbook").map(({ hash }) => hash)).toEqual([third.hash, second.hash, first.hash]);
});

test("who leaves while the server is looked at has left, and no plan is kept", async () => {
  const before = surface.plans.list();
  const leaving = new AbortController();
  const proposing = propose({ plan: before[0]?.hash ?? "" }, { memoryMegabytes: 888 }, leaving.signal);
  leaving.abort(new Error("left"));
  await expect(proposing).rejects.toThrow("left");
  expect(surface.plans.list()).toEqual(before);
});
