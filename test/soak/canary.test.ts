import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker } from "../../lab/engine.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { run } from "../../lab/shell.ts";
import { ask, type Cli, copyOfGuestbook, type Ended, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { filesOnServerWith, filesWith, formsIn, formsOf, watchProcesses } from "../e2e/traces.ts";

// Values that only the application may see, looked for everywhere after a whole release of it.
const lab = testLab();
// Each encoding changes it.
const canary = `canary-${randomBytes(8).toString("hex")}/+&="é`;
const domain = servingDomain;
let server: Server;
let cli: Cli;
let source: string;
let image: string;
let forms: string[] = [];
const printed: Ended[] = [];
let processes: string[] = [];

const there = (...command: string[]) => inServer(lab, server.name, ...command);

/** The program wants a key, shows a hash of it, and is so careless as to print it in each form when it migrates. */
async function wantKey(): Promise<void> {
  const edit = async (file: string, before: string, after: string) => {
    const path = join(source, "src", file);
    const text = await readFile(path, "utf8");
    expect(text).toContain(before);
    await writeFile(path, text.replace(before, after));
  };
  await edit("config.js", "port: Number", 'apiKey: needed(env, "API_KEY"),\n    port: Number');
  await edit("app.js", "import express", 'import { createHash } from "node:crypto";\nimport express');
  const hash = 'createHash("sha256").update(config.apiKey).digest("hex")';
  await edit(
    "app.js",
    'app.get("/healthz"',
    `app.get("/key", (_request, response) => response.send(${hash}));\n  app.get("/healthz"`,
  );
  const told = ["key", "encodeURIComponent(key)", "JSON.stringify({ key })", 'Buffer.from(key).toString("base64")'];
  await edit(
    "migrate.js",
    "if (import.meta.main) {",
    `if (import.meta.main) {\n  const key = process.env.API_KEY;\n  console.log("keys:", ${told.join(", ")});`,
  );
}

beforeAll(async () => {
  server = await servingServer(lab, "canary");
  cli = await openCli(lab);
  source = await copyOfGuestbook();
  await wantKey();
});
afterAll(async () => {
  await cli?.close();
  if (server) await removeServer(lab, server.name);
  if (source) await rm(dirname(source), { recursive: true });
});

test("a release that needs a key is not planned without it", async () => {
  expect(failureIn(await cli.plan(source, server, { domain }))).toMatchObject({
    code: "questions_open",
    cause: expect.stringMatching(/^API_KEY \(src\/config\.js:\d+\): .*berth secrets set API_KEY --stack guestbook/),
  });
});

test("with the key set by pipe the release gets it", async () => {
  const watch = watchProcesses();
  printed.push(await cli.run(["secrets", "set", "API_KEY", "--stack", "guestbook"], { input: `${canary}\n` }));
  printed.push(await cli.run(["secrets", "list", "--stack", "guestbook"]));
  const planned = await cli.plan(source, server, { domain });
  const ended = await cli.up(source, server, { domain });
  printed.push(planned, ended, await cli.run(["runs", "--json"]));
  processes = watch.stop();
  expect(ended.stderr).toContain("is applied");
  expect(ended.code).toBe(0);
  image = JSON.parse(planned.stdout).plan.services[0].image;
  const { body } = await ask(lab, server, { domain, path: "/key" });
  expect(body).toBe(createHash("sha256").update(canary).digest("hex"));
});

test("the values that were made are looked for, too", async () => {
  const folder = "/var/lib/berth/stacks/guestbook/secrets";
  const listed = await there("sh", "-c", `for f in ${folder}/*/*; do base64 -w0 $f; echo; done`);
  const values = listed.split("\n").map((line) => Buffer.from(line, "base64").toString());
  expect(values).toHaveLength(3);
  expect(values).toContain(canary);
  forms = values.flatMap(formsOf);
});

test("no command printed one, and no process had one in its arguments, here or on the server", () => {
  expect(processes.some((line) => line.includes("npm run migrate"))).toBe(true);
  expect(formsIn(processes.join("\n"), forms)).toEqual([]);
  for (const { stdout, stderr } of printed) expect(formsIn(stdout + stderr, forms)).toEqual([]);
});

test("in the state folder there is none: not in the store, in a log, in the journal, in a source", async () => {
  const logs = await run("sh", ["-c", 'cat "$@"', "sh", ...(await filesWith(["keys:"], join(cli.home, "runs")))]);
  expect(logs).toContain("keys:");
  expect(await filesWith(forms, cli.home)).toEqual([]);
});

test("on the server they are where the design allows it, where root alone reads, and nowhere else", async () => {
  const allowed = [
    /^\/var\/lib\/berth\/stacks\/guestbook\/(secrets|releases)\//,
    /^\/var\/lib\/docker\/containers\/[0-9a-f]{64}\/config\.v2\.json$/,
    // The Engine's runtime: what it was given, in memory only, and its own list of containers.
    /^\/run\/(docker\/)?containerd\/.*\/config\.json$/,
    /^\/var\/lib\/containerd\/io\.containerd\.metadata\.v1\.bolt\/meta\.db$/,
  ];
  const found = await filesOnServerWith(forms, lab, server.name);
  expect(found.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);
  for (const pattern of allowed) expect(found.filter((path) => pattern.test(path))).not.toEqual([]);
  const reads =
    'for f; do runuser -u mallory -- test -r "$f" && echo "$f"; done; runuser -u mallory -- test -r /etc/passwd && echo able';
  expect(await there("sh", "-c", reads, "sh", ...found)).toBe("able");
});

test("the server's own journal has none", async () => {
  const journal = await there("journalctl", "--no-pager", "--output", "export");
  expect(journal).toContain("sshd");
  expect(formsIn(journal, forms)).toEqual([]);
});

test("the image has none, in its layers or its history, where it was built", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-image-"));
  try {
    await docker(lab, ["save", "--output", join(folder, "image.tar"), image]);
    expect(await filesWith(["apiKey: needed"], folder)).toEqual([join(folder, "image.tar")]);
    expect(await filesWith(forms, folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(formsIn(await docker(lab, ["history", "--no-trunc", image]), forms)).toEqual([]);
});

test("that search finds what is there, in each form", async () => {
  const planted = {
    literal: canary,
    url: `https://example.test/?key=${encodeURIComponent(canary)}`,
    json: JSON.stringify({ canary }),
    ...Object.fromEntries(
      ["", "x", "xy"].map((before) => [
        `base64-${before.length}`,
        Buffer.from(`${before}${canary}z`).toString("base64"),
      ]),
    ),
  };
  for (const [name, text] of Object.entries(planted)) {
    const file = join(cli.home, `planted-${name}`);
    await writeFile(file, `before ${text} after`);
    expect(await filesWith(formsOf(canary), cli.home)).toEqual([file]);
    await rm(file);
  }
  await there("sh", "-c", "cp /var/lib/berth/stacks/guestbook/secrets/API_KEY/* /var/tmp/planted");
  expect(await filesOnServerWith(formsOf(canary), lab, server.name)).toContain("/var/tmp/planted");
  const watch = watchProcesses();
  await there("sh", "-c", "sleep 1", canary);
  expect(formsIn(watch.stop().join("\n"), formsOf(canary))).toContain(canary);
});
