import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Fault } from "../../lab/faults/inflict.ts";
import { farAddress, slowNetwork } from "../../lab/faults/network.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { Figures } from "../../src/stages/deploy/prober/figures.ts";
import { type Cli, done, type Ended, failureIn, openCli, pointDomain, testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";
import { makeTiny, says, type Tiny } from "../e2e/tiny.ts";
import { dueIn, layCertificate, servedSerial } from "./requests/certificate.ts";
import { whileChanged } from "./requests/changed-image.ts";
import { endedIn, lossLine, lost, type Phase, sentIn, socketLine, table } from "./requests/report.ts";
import { liveGuestbook, slowMs } from "./requests/source.ts";
import { entryIn, isRefused, startTraffic, type Traffic } from "./requests/traffic.ts";

// What visitors notice of a release, a failed one, a rollback, changed routes, another proxy and a renewed certificate:
// nothing. 50 requests a second in all, from near by and over a round trip of 80 ms.
const lab = testLab();
const stack = "requests";
const host = `${stack}.example.test`;
const [second, third] = ["second.example.test", "third.example.test"];
const wanted = 10_000;
const phases: Phase[] = [];
let server: Server;
let cli: Cli;
let book: Awaited<ReturnType<typeof liveGuestbook>>;
let beside: Tiny;
let far: Fault;
let traffic: Traffic;
let missed = 0;
const firstRelease = { hash: "" };

beforeAll(async () => {
  server = await servingServer(lab, stack);
  for (const domain of [second, third]) await pointDomain(lab, server, domain);
  cli = await openCli(lab);
  beside = await makeTiny("beside");
  await beside.write({ handler: says("beside") });
  book = await liveGuestbook();
  firstRelease.hash = (await up("one")).hash;
  far = await slowNetwork(lab, server.name, { roundTripMs: 80, seconds: 1500, to: farAddress(lab) });
  traffic = startTraffic(lab, server, host);
  phases.push({ name: "before", from: now(), until: now() });
});
afterAll(async () => {
  await traffic?.stop();
  process.stdout.write(`\n${traffic ? table(traffic, phases) : "no traffic"}\nnot sent in time: ${missed}\n`);
  process.stdout.write((await traffic?.seen()) ?? "");
  await far?.release();
  await cli?.close();
  await beside?.remove();
  if (book) await rm(dirname(book.folder), { recursive: true });
  await removeServer(lab, stack);
});

const now = () => performance.timeOrigin + performance.now();
const upWith = (name: string, sick = false) =>
  book.write({ name, sick }).then(() => cli.up(book.folder, server, { domain: host, args: ["--stack", stack] }));
const up = (name: string) => upWith(name).then(done);
const upBeside = (domain: string, args: string[] = [], onStdout?: () => void) =>
  cli.up(beside.folder, server, { domain, args, ...(onStdout && { onStdout }) }).then(done);
const filters = ["stack=requests", "role=service"].flatMap((word) => ["--filter", `label=dev.berth.${word}`]);
const containers = () => inServer(lab, stack, "docker", "ps", "--quiet", ...filters);

/** Does something while the traffic goes on, and waits until what was sent meanwhile has ended. Throws with each loss. */
async function during<T>(name: string, act: (phase: Phase) => Promise<T>): Promise<{ result: T; phase: Phase }> {
  traffic.openSockets();
  const phase = { name, from: phases.at(-1)?.until ?? 0, until: Number.POSITIVE_INFINITY };
  phases.push(phase);
  await sleep(2000);
  try {
    const result = await act(phase);
    await sleep(2000);
    return { result, phase };
  } finally {
    phase.until = now();
    await sleep(slowMs + 2000);
  }
}

function expectNothingLost(phase: Phase): void {
  expect(lost(sentIn(traffic, phase)).map((one) => lossLine(phase, one))).toEqual([]);
}

const openBefore = ({ from }: Phase) =>
  traffic.sockets().filter(({ opened, ended }) => opened < from && (ended === null || ended.at >= from));

/** Each that stood before has ended, once, with the code of who goes away; none that came later has. */
function expectAllEnded(phase: Phase): void {
  const ended = endedIn(traffic, phase);
  expect(
    ended.map(({ ended: end, ...one }) =>
      end?.code === 1001 && end.frames === 1 ? 1001 : socketLine({ ...one, ended: end }),
    ),
  ).toEqual(ended.map(() => 1001));
  expect(
    openBefore(phase)
      .filter((one) => !ended.includes(one))
      .map(socketLine),
  ).toEqual([]);
}

const expectNoneEnded = (phase: Phase) => expect(endedIn(traffic, phase).map(socketLine)).toEqual([]);

/** What the deploy's own prober met: as these here, nothing. */
function figuresIn({ events }: Ended): Figures[] {
  const figures = Figures.array().parse(events.at(-1)?.["requests"] ?? []);
  for (const { failed, failures, sent } of figures) {
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
    expect(sent).toBeGreaterThan(0);
  }
  return figures;
}

test("while nothing is done, nothing is lost on either line", async () => {
  const { phase } = await during("nothing", () => sleep(5000));
  expectNothingLost(phase);
  expectNoneEnded(phase);
});

test("a release: nobody is lost, and each WebSocket ends with its container, once, with a code", async () => {
  const old = await containers();
  const { result, phase } = await during("release", () => up("two"));
  expectNothingLost(phase);
  expectAllEnded(phase);
  for (const one of endedIn(traffic, phase)) expect(old).toContain(one.container);
  const [figures] = figuresIn(result);
  expect(figures?.versions).toHaveLength(2);
  expect(new Set(sentIn(traffic, phase).flatMap(({ version }) => version ?? []))).toEqual(new Set(["one", "two"]));
});

test("a release that does not become healthy: nobody noticed", async () => {
  const { result, phase } = await during("failed release", () => upWith("three", true));
  expect(failureIn(result)["code"]).toBe("health_status");
  expectNothingLost(phase);
  expectNoneEnded(phase);
  expect(figuresIn(result)).toMatchObject([{ switched: null }]);
  expect(new Set(sentIn(traffic, phase).flatMap(({ version }) => version ?? []))).toEqual(new Set(["two"]));
});

test("a rollback: nobody is lost", async () => {
  const { result, phase } = await during("rollback", () =>
    cli.run(["rollback", stack, "--approve", firstRelease.hash, "--json"]).then(done),
  );
  expectNothingLost(phase);
  expectAllEnded(phase);
  expect(figuresIn(result)).toHaveLength(1);
  expect(new Set(sentIn(traffic, phase).flatMap(({ version }) => version ?? []))).toEqual(new Set(["two", "one"]));
});

test("a second stack beside: its routes end nothing of the first", async () => {
  const { phase } = await during("second stack", () => upBeside(second));
  expectNothingLost(phase);
  expectNoneEnded(phase);
});

test("a domain is added and another one removed: neither loses a visitor of the first stack", async () => {
  const { phase } = await during("moved domain", () => upBeside(third));
  expectNothingLost(phase);
  expectNoneEnded(phase);
});

test("the proxy's own image is replaced: nobody is lost, and each WebSocket ends once, with a code", async () => {
  const image = () => inServer(lab, stack, "docker", "inspect", "--format", "{{.Image}}", "berth-proxy");
  const before = await image();
  const { phase } = await during("proxy image", async (going) => {
    const begun = Promise.withResolvers<void>();
    const updating = upBeside(third, ["--update-images"], begun.resolve);
    // Until the run has begun, whose plan names it by its digest.
    await whileChanged(lab, "caddy:2", () => Promise.race([begun.promise, updating]));
    await updating;
    const gone = async () => (openBefore(going).every(({ ended }) => ended !== null) ? true : undefined);
    await until(gone, { timeoutMs: 180_000, everyMs: 500 });
  });
  expect(await image()).not.toBe(before);
  expectNothingLost(phase);
  expectAllEnded(phase);
});

test("a certificate that is due is renewed: nobody is lost", async () => {
  const before = await servedSerial(lab, server, host);
  const due = await layCertificate(lab, server, host, dueIn(-5 * 24 * 3600));
  const { result, phase } = await during("renewal", async () => {
    // A changed route brings another proxy, which finds the certificate due as it reads it.
    await upBeside(second);
    const renewed = async () => {
      const serial = await servedSerial(lab, server, host);
      return [before, due].includes(serial) ? undefined : serial;
    };
    return until(renewed, { timeoutMs: 90_000, everyMs: 1000 });
  });
  expect(result).toBeDefined();
  expectNothingLost(phase);
  expectNoneEnded(phase);
});

test("in all: enough were sent, none was lost, and each acknowledged entry is in the book, once", async () => {
  const phase = { name: "to the end", from: phases.at(-1)?.until ?? 0, until: Number.POSITIVE_INFINITY };
  phases.push(phase);
  await until(async () => (traffic.sent().length >= wanted ? true : undefined), { timeoutMs: 300_000, everyMs: 500 });
  missed = await traffic.stop();
  phase.until = now();
  const sent = traffic.sent();
  expect(sent.length).toBeGreaterThanOrEqual(wanted);
  for (const one of phases) expectNothingLost(one);
  expect(sent.filter((one) => !one.ok && one.kind !== "HTTP/2")).toEqual([]);
  const slow = sent.filter(({ kind }) => kind === "slow POST");
  expect(slow.every(({ ms, status }) => status === 200 && ms >= slowMs)).toBe(true);
  const acknowledged = sent.flatMap((one) => entryIn(one) ?? []).filter((entry) => entry.acknowledged);
  const rows = await messages();
  expect(acknowledged.map(({ message }) => message).filter((message) => rows.get(message) !== 1)).toEqual([]);
  // Refused means not done.
  const refused = sent.filter(isRefused).flatMap((one) => entryIn(one)?.message ?? []);
  expect(refused.filter((message) => rows.has(message))).toEqual([]);
});

/** How often each entry is in the book. */
async function messages(): Promise<Map<string, number>> {
  const query = "SELECT message || E'\\t' || count(*) FROM entries GROUP BY message";
  const psql = `psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" --no-align --tuples-only --command "${query.replaceAll("\\", "\\\\")}"`;
  const lines = await inServer(lab, stack, "docker", "exec", `${stack}-postgres`, "sh", "-c", psql);
  return new Map(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [message = "", count] = line.split("\t");
        return [message, Number(count)];
      }),
  );
}
