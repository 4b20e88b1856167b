import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acmeRootFile } from "../../lab/acme.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import type { StackStatus } from "../../src/services/surface.ts";
import { surfaceOf } from "../../src/services/surface-of.ts";
import { openBerth } from "../../src/services.ts";
import { type Cli, done, guestbook, openCli, testLab } from "../e2e/berth.ts";
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

test("a container that was stopped shows in all three", async () => {
  await docker("stop", serviceOf(await look())?.name ?? "");
  const status = await look();
  expect(status.drift).toEqual(expect.arrayContaining([expect.stringMatching(/^start guestbook/)]));
  expect(serviceOf(status)?.state).toMatch(/^exited with \d+$/);
  expect(status.answers).toMatchObject([{ status: 502, problem: expect.stringContaining("502") }]);
});
