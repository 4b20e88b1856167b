import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acmeRootFile } from "../../lab/acme.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import type { StackStatus } from "../../src/services/surface.ts";
import { surfaceOf } from "../../src/services/surface-of.ts";
import { openBerth } from "../../src/services.ts";
import { applied, type Cli, done, guestbook, openCli, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";

// A stack that stands, and what is seen of it: what was done in its run, and what its server shows.
const lab = testLab();
let server: Server;
let cli: Cli;
let berth: ReturnType<typeof openBerth>;
let surface: ReturnType<typeof surfaceOf>;

beforeAll(async () => {
  server = await servingServer(lab, "seen");
  cli = await openCli(lab);
  // Another title is another container: the run has something to do.
  done(await cli.up(guestbook, server, { domain: servingDomain, args: ["--env", "SITE_TITLE=Seen"] }));
  berth = openBerth({
    home: cli.home,
    env: cli.env,
    version: "0.0.1",
    workerCommand: ["false"],
    acme: { directory: cli.env["BERTH_ACME_DIRECTORY"] ?? "", email: null, trust: null },
    trustedRoots: [readFileSync(acmeRootFile(lab), "utf8")],
    caBundle: undefined,
    identityFile: server.key,
    allowPrivateAddresses: true,
    elicitation: "accept",
  });
  surface = surfaceOf(berth, { cwd: "/", git: {} });
});
afterAll(async () => {
  berth.close();
  await cli.close();
  await removeServer(lab, "seen");
});

const look = (): Promise<StackStatus> => surface.stacks.status("guestbook", new AbortController().signal);
const docker = (...args: string[]) => inServer(lab, server.name, "docker", ...args);
const serviceOf = ({ containers }: StackStatus) => containers.find(({ name }) => !name.includes("postgres"));

test("the run that brought it here is read by pages, to its address", () => {
  const [line] = surface.runs.list("guestbook");
  const reading = surface.runs.read(line?.id ?? "");
  expect(reading).toMatchObject({
    state: "done",
    addresses: [`https://${servingDomain}`],
    failure: null,
    waitsForServer: false,
    editedLine: null,
  });
  expect(reading.steps.every(({ state }) => state === "done" || state === "observed")).toBe(true);
  expect(reading.steps.find(({ id }) => id === "stack/start/guestbook")).toMatchObject({ state: "done" });
  expect(surface.runs.read(reading.run, { cursor: reading.log.cursor }).log.text).toBe("");
  expect(reading.log.text).toMatch(/^── .+ ──$/m);
});

test("what stands holds, runs and answers", async () => {
  const status = await look();
  expect(status).toMatchObject({
    name: "guestbook",
    addresses: [`https://${servingDomain}`],
    drift: [],
    answers: [{ address: `https://${servingDomain}`, status: 200, problem: null }],
  });
  expect(status.containers.map(({ state }) => state)).toEqual(["running", "running"]);
  expect(status.containers.map(({ health }) => health)).toContain("healthy");
  expect(serviceOf(status)).toMatchObject({
    image: expect.stringMatching(/^berth\/guestbook/),
    since: expect.stringMatching(/^20\d\d-.*Z$/),
  });
});

const number = (text: string | undefined) => Number(text?.trim());
const within = (figure: number | null | undefined, other: number, share: number) => {
  expect(figure).toBeGreaterThanOrEqual(other * (1 - share));
  expect(figure).toBeLessThanOrEqual(other * (1 + share));
};
const megabytes = (text: string) => {
  const [, amount, unit = "B"] = /^([\d.]+)(\w+)$/.exec(text.trim()) ?? [];
  return number(amount) * ({ B: 1e-6, KiB: 1024e-6, MiB: 1.048576, GiB: 1073.741824 }[unit] ?? Number.NaN);
};

test("its figures are the server's own at the same moment: Engine stats, df, openssl", async () => {
  const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
  const [status, stats, df, end] = await Promise.all([
    look(),
    docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"),
    there("df -P -B1 / | tail -n 1; df -P -B1 /var/lib/docker | tail -n 1"),
    there(
      `echo | openssl s_client -connect 127.0.0.1:443 -servername ${servingDomain} 2>/dev/null | openssl x509 -noout -enddate`,
    ),
  ]);
  for (const { name, memoryBytes, memoryLimitBytes, cpuPercent } of status.containers) {
    const [, used = "", limit = ""] = new RegExp(`^${name} (\\S+) / (\\S+)$`, "m").exec(stats) ?? [];
    within((memoryBytes ?? 0) / 1e6, megabytes(used), 0.1);
    within((memoryLimitBytes ?? 0) / 1e6, megabytes(limit), 0.001);
    expect(cpuPercent).toBeGreaterThanOrEqual(0);
  }
  const disks = df
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/));
  for (const [, total, used, free, , at] of disks) {
    const disk = status.machine.disks.find((one) => one.at === at);
    expect(disk?.totalBytes).toBe(number(total));
    within(disk?.usedBytes, number(used), 0.01);
    within(disk?.freeBytes, number(free), 0.01);
  }
  const [certificate] = status.certificates;
  expect(certificate).toMatchObject({ host: servingDomain, problem: null });
  expect(Date.parse(certificate?.notAfter ?? "")).toBe(Date.parse(end.replace("notAfter=", "")));
  expect(status.machine).toMatchObject({ booted: expect.stringMatching(/^20/), cpus: expect.any(Number) });
});

test("a container that was stopped is named, with how it ended", async () => {
  const name = serviceOf(await look())?.name ?? "";
  await docker("stop", name);
  const status = await look();
  expect(status.drift).toEqual(expect.arrayContaining([expect.stringMatching(/^start guestbook/)]));
  expect(status.differences).toEqual([expect.stringMatching(`^container ${name} is stopped \\(exited \\d+\\)$`)]);
  expect(serviceOf(status)).toMatchObject({ state: expect.stringMatching(/^exited with \d+$/), cpuPercent: null });
  expect(status.answers).toMatchObject([{ status: 502, problem: expect.stringContaining("502") }]);
  await docker("start", name);
});

test("an environment that was changed by hand is named by its names alone", async () => {
  const file = (
    await inServer(lab, server.name, "sh", "-c", "ls -t /var/lib/berth/stacks/guestbook/releases/*/guestbook.env")
  )
    .trim()
    .split("\n")[0];
  await inServer(lab, server.name, "sed", "-i", "s/^SITE_TITLE=.*/SITE_TITLE='Changed'/", file ?? "");
  const { differences, drift } = await look();
  expect(differences).toEqual(["the environment file of guestbook was changed by hand: SITE_TITLE"]);
  expect(drift).toEqual([expect.stringMatching(/^environment of guestbook/)]);
});

test("a route that was edited by hand is named by its host", async () => {
  const file = "/var/lib/berth/proxy/routes/guestbook.json";
  await inServer(lab, server.name, "sed", "-i", 's/"service": "guestbook"/"service": "other"/', file);
  const { differences } = await look();
  expect(differences).toContain(`route of ${servingDomain} was changed by hand (to other)`);
});

test("the next up repairs what was changed, and nothing else; then the command line says that all is well", async () => {
  const repaired = done(await cli.up(guestbook, server, { domain: servingDomain, args: ["--env", "SITE_TITLE=Seen"] }));
  // What serves is not touched: the file, the routes, and what the proxy makes of them.
  const own = [
    "stack/environment/guestbook",
    "stack/routes/add",
    "stack/routes/settle",
    "stack/switch",
    "server/proxy",
  ];
  expect(applied(repaired).filter((step) => !own.includes(step))).toEqual([]);
  expect((await look()).differences).toEqual([]);
  const text = done(await cli.run(["status", "guestbook"])).stdout;
  expect(text).toContain("Nothing differs from the plan.");
  expect(done(await cli.run(["status"])).stdout).toMatch(/^guestbook +\S+ +✓ 2\/2 run/);
});
