import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { acmeRootFile } from "../../lab/acme.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { renewProxy } from "../../src/proxies/apply.ts";
import { type Prober, startProber } from "../../src/stages/deploy/prober/prober.ts";
import { testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { openAccess, untilAlone } from "./proxy/scene.ts";
import { type Looks, lookAtLosses } from "./requests/around.ts";
import { dueIn, layCertificate, servedSerial } from "./requests/certificate.ts";

// The proxy is handed over and renews its certificate, again and again, while nobody but new visitors comes: each of them
// needs a handshake, which needs a certificate.
const lab = testLab();
const name = "renewals";
const rounds = 20;
const wanted = 10_000;
let server: Server;
let looks: Looks;
let prober: Prober;

const startVisitors = (perSecond: number) =>
  startProber({
    ...{ address: server.address, trustedRoots: [readFileSync(acmeRootFile(lab), "utf8")], perSecond },
    timeoutMs: 30_000,
    request: () => ({ host: servingDomain, path: "/style.css" }),
    connection: () => "new",
    onRecord: looks.note,
  });

beforeAll(async () => {
  server = await servingServer(lab, name);
  // It has only just booted.
  const serves = () => serial().catch(() => undefined);
  await until(serves, { timeoutMs: 120_000, everyMs: 500 });
});
afterEach(async () => {
  const { records } = (await prober?.stop()) ?? { records: [] };
  process.stdout.write(`${records.length} handshakes, ${records.filter(({ ok }) => !ok).length} failed\n`);
  process.stdout.write((await looks?.seen()) ?? "");
});
afterAll(() => removeServer(lab, name));

async function handOver(): Promise<void> {
  const access = await openAccess(server);
  try {
    await renewProxy(access);
  } finally {
    await access.end();
  }
}

const serial = () => servedSerial(lab, server, servingDomain);
/** The serial number of one that is neither of these. */
const anotherThan = (...known: string[]) =>
  until(
    async () => {
      const served = await serial();
      return known.includes(served) ? undefined : served;
    },
    { timeoutMs: 900_000, everyMs: 500 },
  );
const container = () => inServer(lab, name, "docker", "inspect", "--format", "{{.Id}}", "berth-proxy");

async function expectNothingLost(atLeast: number): Promise<void> {
  const enough = async () => (prober.records().length >= atLeast ? true : undefined);
  await until(enough, { timeoutMs: 600_000, everyMs: 500 });
  const { records } = await prober.stop();
  expect(records.filter(({ ok }) => !ok)).toEqual([]);
  expect(records.length).toBeGreaterThanOrEqual(atLeast);
}

test(`${rounds} due certificates are renewed by ${rounds} proxies that come: of ${wanted} new visitors none is lost`, async () => {
  looks = lookAtLosses(lab, server);
  prober = startVisitors(60);
  for (let round = 0; round < rounds; round++) {
    const before = await serial();
    const due = await layCertificate(lab, server, servingDomain, dueIn(-5 * 24 * 3600));
    await handOver();
    expect(await anotherThan(before, due)).toBeDefined();
    await untilAlone(lab, server);
  }
  await expectNothingLost(wanted);
});

test("a certificate that becomes due while a proxy serves is renewed by that proxy itself", async () => {
  const due = await layCertificate(lab, server, servingDomain, dueIn(90));
  await handOver();
  await untilAlone(lab, server);
  expect(await serial()).toBe(due);
  const before = await container();
  looks = lookAtLosses(lab, server);
  prober = startVisitors(20);
  // It looks at its certificates every ten minutes.
  expect(await anotherThan(due)).toBeDefined();
  await sleep(5000);
  expect(await container()).toBe(before);
  await expectNothingLost(500);
});
