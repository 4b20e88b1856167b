import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GitHost, pushFolder, startGit } from "../../lab/git.ts";
import { removeServer, type Server } from "../../lab/server.ts";
import { run } from "../../lab/shell.ts";
import { ask, type Cli, type Ended, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";
import { makeTiny, says, type Tiny } from "../e2e/tiny.ts";
import { filesOnServerWith, filesWith, formsIn, formsOf, watchProcesses } from "../e2e/traces.ts";

// A repository that the lab's git host gives to its token or its key alone.
const lab = testLab();
const name = "private-app";
let git: GitHost;
let tiny: Tiny;
let server: Server;
let cli: Cli;
let forms: string[];

/** What is to be looked through for the token afterwards. */
const printed: Ended[] = [];
const processes: string[] = [];

beforeAll(async () => {
  git = await startGit(lab);
  forms = formsOf(git.token);
  tiny = await makeTiny(name);
  await tiny.write({ handler: says("by token") });
  await pushFolder(lab, tiny.folder, name);
  server = await servingServer(lab, "git");
  cli = await openCli(lab);
});
afterAll(async () => {
  await cli?.close();
  await tiny?.remove();
  if (server) await removeServer(lab, server.name);
});

test("without its token, or with a wrong one, it is refused before anything is asked of the server", async () => {
  const source = `${git.https}/${name}.git`;
  const refused = async (env: NodeJS.ProcessEnv) => failureIn(await cli.up(source, server, { env }));
  expect(await refused({ BERTH_GIT_CA: git.ca })).toMatchObject({
    code: "auth_failed",
    message: "The git server wants credentials, and none were given.",
    object: source,
    next: expect.stringContaining("Set BERTH_GIT_TOKEN to an access token"),
  });
  const wrong = await refused({ BERTH_GIT_CA: git.ca, BERTH_GIT_TOKEN: "not-the-token" });
  expect(wrong).toMatchObject({
    code: "auth_failed",
    message: "The git server refused the credentials.",
    object: source,
    next: expect.stringContaining("Set BERTH_GIT_TOKEN to an access token"),
  });
  expect(JSON.stringify(wrong)).not.toContain("not-the-token");
});

test("with its token it deploys, and the worker never has the token, nor a model's key", async () => {
  const watch = watchProcesses();
  const env = { BERTH_GIT_TOKEN: git.token, BERTH_GIT_CA: git.ca, ANTHROPIC_API_KEY: "sk-c4nary" };
  let worker = "";
  const onStdout = (line: string) => {
    const { event, pid } = JSON.parse(line) as { event: string; pid?: number };
    if (event === "taken") worker = readFileSync(`/proc/${pid}/environ`, "utf8");
  };
  const ended = await cli.up(`${git.https}/${name}.git`, server, { env, onStdout });
  printed.push(ended);
  processes.push(...watch.stop());
  expect(ended.stderr).toContain("is applied");
  expect(ended.code).toBe(0);
  expect((await ask(lab, server)).body).toBe("by token");
  expect(worker).toContain(`BERTH_HOME=${cli.home}`);
  expect(formsIn(worker, forms)).toEqual([]);
  expect(worker).not.toContain("ANTHROPIC");
});

test("the token is in no file, no log, no .git/config, no journal, on no server and in no list of processes", async () => {
  expect(processes.some((line) => /\bgit .*\bfetch\b/.test(line))).toBe(true);
  expect(formsIn(processes.join("\n"), forms)).toEqual([]);
  for (const { stdout, stderr } of printed) expect(formsIn(stdout + stderr, forms)).toEqual([]);
  expect(await filesWith(forms, cli.home)).toEqual([]);
  expect(await filesOnServerWith(forms, lab, server.name)).toEqual([]);
});

test("that search finds a token that is there", async () => {
  const config = join(cli.home, "sources/config");
  await writeFile(config, `url = https://git:${git.token}@host/x.git\n`);
  expect(await filesWith(forms, cli.home)).toEqual([config]);
  const header = join(cli.home, "sources/header");
  await writeFile(header, `Authorization: Basic ${Buffer.from(`git:${git.token}`).toString("base64")}\n`);
  expect(await filesWith(forms, cli.home)).toEqual([config, header]);
  const watch = watchProcesses();
  await run("sh", ["-c", "sleep 0.5", git.token]);
  expect(formsIn(watch.stop().join("\n"), forms)).toEqual([git.token]);
});

test("with its SSH key the next commit deploys", async () => {
  await tiny.write({ handler: says("by key") });
  const commit = await pushFolder(lab, tiny.folder, name);
  const env = { BERTH_GIT_KEY: git.sshKey, BERTH_GIT_KNOWN_HOSTS: git.knownHosts };
  const source = `${git.ssh}/${name}.git`;
  const { stdout } = await cli.plan(source, server, { env });
  expect(JSON.parse(stdout)).toMatchObject({ plan: { stack: name, source: { kind: "git", revision: commit } } });
  const ended = await cli.up(source, server, { env });
  expect(ended.stderr).toContain("is applied");
  expect(ended.code).toBe(0);
  expect((await ask(lab, server)).body).toBe("by key");
});

test("an unknown host key is refused", async () => {
  const source = `${git.ssh}/${name}.git`;
  const env = { BERTH_GIT_KEY: git.sshKey, BERTH_GIT_KNOWN_HOSTS: "/dev/null" };
  expect(failureIn(await cli.up(source, server, { env }))).toMatchObject({
    code: "git_host_key_refused",
    object: source,
    next: expect.stringContaining("BERTH_GIT_KNOWN_HOSTS"),
  });
});
