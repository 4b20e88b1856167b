import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scan } from "../../lab/scan.ts";
import { inServer, rebootServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { Figures } from "../../src/stages/deploy/prober/figures.ts";
import { applied, ask, type Cli, copyOfGuestbook, done, type Ended, openCli, testLab } from "./berth.ts";
import { freshServer, passwordLogin } from "./servers.ts";

// One story on one server, from its first day: each test goes on where the last one ended.
const lab = testLab();
let server: Server;
let cli: Cli;
let source: string;
let first: Ended & { hash: string };

const docker = (...args: string[]) => inServer(lab, server.name, "docker", ...args);
const entries = async () =>
  (JSON.parse((await ask(lab, server, { path: "/api/entries" })).body) as { entries: { message: string }[] }).entries;
const post = (message: string) =>
  ask(lab, server, {
    method: "POST",
    path: "/api/entries",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Ann", message }),
  });
/** What the transfer of this run's image sent over SSH, by its own count, and how many layers that was. */
async function sentBy({ events }: Ended): Promise<{ bytes: number; layers: number }> {
  const run = String(events.at(-1)?.["run"]);
  const log = await readFile(join(cli.home, "runs", run, "logs/1-transfer.guestbook.log"), "utf8");
  const [, kilobytes, layers] = /sent ([\d.]+) kB in (\d+) layers? of \d+/.exec(log) ?? [];
  return { bytes: Number(kilobytes) * 1000, layers: Number(layers) };
}

/** The layer that holds the application's own files; behind it is nothing but the owner of an empty folder. */
async function sourceLayerBytes(): Promise<number> {
  const image = (await docker("ps", "--filter", "label=dev.berth.role=service", "--format", "{{.Image}}")).trim();
  const layers = await docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image);
  return Number(/^(\d+) COPY \. \./m.exec(layers)?.[1]);
}

beforeAll(async () => {
  server = await freshServer(lab, "first");
  cli = await openCli(lab);
  source = await copyOfGuestbook();
});
afterAll(async () => {
  await cli.close();
  await removeServer(lab, "first");
});

test("before: a control port answers, and a password opens the door", async () => {
  await inServer(
    lab,
    server.name,
    "systemd-run",
    "--unit=control",
    "python3",
    "-m",
    "http.server",
    "--bind",
    "::",
    "8099",
  );
  await until(async () => ((await scan(lab, server.name)).v4.includes(8099) ? true : undefined), { timeoutMs: 60_000 });
  expect(await scan(lab, server.name)).toEqual({ v4: [22, 8099], v6: [22, 8099] });
  expect(await passwordLogin(server, "mallory")).toBe("yes");
});

test("from a folder to a verified HTTPS answer", async () => {
  first = done(await cli.up(source, server));
  const page = await ask(lab, server);
  expect(page.status).toBe(200);
  expect(page.body).toContain("Guestbook");
  expect((await ask(lab, server, { address: server.address6 })).status).toBe(200);
});

test("after: nothing but SSH, 80 and 443 answers, over IPv4 and IPv6, and no password opens the door", async () => {
  expect(await inServer(lab, server.name, "systemctl", "is-active", "control")).toContain("active");
  expect(await scan(lab, server.name)).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
  expect(await passwordLogin(server, "mallory")).toBe("no");
  expect(await passwordLogin(server, "root")).toBe("no");
});

test("an entry that was posted is there when it is read again", async () => {
  expect((await post("the first entry")).status).toBe(201);
  expect((await entries()).map(({ message }) => message)).toEqual(["the first entry"]);
});

test("again unchanged: every step is observed, none applied", async () => {
  const again = done(await cli.up(source, server));
  expect(again.hash).toBe(first.hash);

  expect(applied(again)).toEqual([]);
  expect(again.events.at(-1)).toMatchObject({
    state: "unchanged",
    applied: 0,
    observed: first.events.filter(({ event }) => event === "done" || event === "observed").length,
  });
});

test("a container that was stopped: exactly the step that starts it", async () => {
  const name = (await docker("ps", "--format", "{{.Names}}"))
    .split("\n")
    .find((line) => line.startsWith("guestbook-") && line !== "guestbook-postgres");
  await docker("stop", name ?? "");
  const again = done(await cli.up(source, server));
  expect(applied(again)).toEqual(["stack/start/guestbook"]);
  expect((await ask(lab, server)).status).toBe(200);
});

test("one changed line: one image, one container, little over the line, and the entries are still there", async () => {
  const postgres = await docker("inspect", "--format", "{{.Id}}", "guestbook-postgres");
  const page = join(source, "src/page.js");
  const text = await readFile(page, "utf8");
  expect(text).toContain("Leave a word");
  // Not the same in two runs of this test: a builder that has the image need not build it.
  const words = `Leave ${randomUUID()}`;
  await writeFile(page, text.replace("Leave a word", words));
  const changed = done(await cli.up(source, server));
  expect((await ask(lab, server)).body).toContain(words);
  const { bytes, layers } = await sentBy(changed);
  // The code, and behind it the folder for uploads, whose owner the code's layer may have changed.
  expect(layers).toBe(2);
  expect(bytes).toBeLessThan((await sourceLayerBytes()) + 64_000);
  expect(await docker("inspect", "--format", "{{.Id}}", "guestbook-postgres")).toBe(postgres);
  expect((await entries()).map(({ message }) => message)).toEqual(["the first entry"]);
  // Asked from this machine while it was done, on new connections and on kept ones, and none of it lost.
  const [asked] = Figures.array().parse(changed.events.at(-1)?.["requests"]);
  expect(asked).toMatchObject({ failed: 0, failures: {}, switched: expect.any(Number) });
  expect(asked?.sent).toBeGreaterThan(5);
  expect(changed.stderr).toContain(`while the release was switched: ${asked?.sent} requests, 0 failed, slowest`);
  expect(first.events.at(-1)).not.toHaveProperty("requests");
  expect(applied(changed).filter((step) => step.startsWith("server/"))).toEqual([]);
  expect(applied(changed)).toEqual(
    expect.arrayContaining([
      "build.guestbook",
      "transfer.guestbook",
      "stack/start/guestbook",
      "stack/switch",
      "stack/retire",
      "stack/record",
    ]),
  );
  expect(
    (await docker("ps", "--all", "--filter", "label=dev.berth.role=service", "--format", "{{.Names}}"))
      .trim()
      .split("\n"),
  ).toHaveLength(1);
});

test("the earlier plan applied again: the earlier page", async () => {
  done(await cli.run(["rollback", "guestbook", "--to", first.hash, "--approve", first.hash, "--json"]));
  const { body } = await ask(lab, server);
  expect(body).toContain("Leave a word");
  expect((await entries()).map(({ message }) => message)).toEqual(["the first entry"]);
});

test("after a reboot of the server it answers by itself", async () => {
  server = await rebootServer(lab, server.name);
  const status = await until(
    async () => ((await ask(lab, server).catch(() => undefined))?.status === 200 ? 200 : undefined),
    { timeoutMs: 120_000, everyMs: 1000 },
  );
  expect(status).toBe(200);
  expect((await entries()).map(({ message }) => message)).toEqual(["the first entry"]);
  expect(await scan(lab, server.name)).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
});

test("the compose file that is kept on the server is a valid one of what runs", async () => {
  const config = await inServer(
    lab,
    server.name,
    "docker",
    "compose",
    "--file",
    "/var/lib/berth/stacks/guestbook/compose.yaml",
    "config",
    "--format",
    "json",
  );
  const { services } = JSON.parse(config) as { services: Record<string, { image: string }> };
  const running = (
    await docker("ps", "--filter", "label=dev.berth.stack=guestbook", "--format", "{{.Names}} {{.Image}}")
  ).trim();
  expect(Object.keys(services).sort()).toEqual(["guestbook", "postgres"]);
  expect(running).toContain(` ${services["guestbook"]?.image}`);
  expect(services["postgres"]?.image).toMatch(/^postgres:17@sha256:/);
});
