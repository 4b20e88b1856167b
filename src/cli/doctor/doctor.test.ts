import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Config, defaultAcmeDirectory } from "../../services/config.ts";
import { addServer } from "../../services/servers.ts";
import { openBerth } from "../../services.ts";
import type { Program } from "../install/entry.ts";
import { clientChecks } from "./clients.ts";
import { computerChecks } from "./computer.ts";
import { environmentChecks } from "./environment.ts";
import { installedChecks } from "./installed.ts";
import { stateChecks } from "./state.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-doctor-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const program = (env: Record<string, string | undefined> = {}, file = "/opt/berth/dist/cli.js"): Program => ({
  startedWith: [process.execPath, file],
  env: { HOME: home, PATH: process.env["PATH"], ...env },
  cwd: home,
});
const marked = (state: string, name: string, text: RegExp | string) =>
  expect.objectContaining({ state, name, text: expect.stringMatching(text) });

describe("the computer", () => {
  test("has what it has", async () => {
    const checks = await computerChecks(program({ DOCKER_HOST: "unix:///nowhere/docker.sock" }));
    expect(checks).toContainEqual(marked("ok", "Node", process.versions.node));
    expect(checks).toContainEqual(marked("ok", "git", /^git version \d/));
    expect(checks).toContainEqual(marked("ok", "ssh", /SSH/));
    expect(checks).toContainEqual(marked("warn", "Docker Engine", /built on the server/));
  });

  test("without its programs says what that means", async () => {
    const checks = await computerChecks(program({ PATH: home, DOCKER_HOST: "ssh://elsewhere" }));
    expect(checks).toContainEqual(marked("warn", "git", /folders can be deployed/));
    expect(checks).toContainEqual(marked("warn", "ssh", /config/));
    expect(checks).toContainEqual(marked("warn", "Docker Engine", /server/));
  });
});

describe("the environment", () => {
  test("shows names of variables, and no secret", () => {
    const checks = environmentChecks(
      program({ ANTHROPIC_API_KEY: "sk-t0ps3cret", BERTH_GIT_TOKEN: "ghp-t0ps3cret", BERTH_HOME: "/srv" }),
    );
    expect(checks).toContainEqual(marked("ok", "variables", /BERTH_GIT_TOKEN, BERTH_HOME/));
    expect(checks).toContainEqual(marked("ok", "ANTHROPIC_API_KEY", /not shown/));
    expect(JSON.stringify(checks)).not.toContain("t0ps3cret");
  });

  test.each([
    ["BERTH_CA_BUNDLE", "/nowhere.pem", "bad", /cannot be read: \/nowhere.pem/],
    ["NODE_EXTRA_CA_CERTS", tmpdir(), "bad", /cannot be read/],
    ["BERTH_ACME_DIRECTORY", "acme", "bad", /is no address/],
    ["BERTH_HOEM", "/srv/t0ps3cret", "warn", /knows no variable/],
  ])("%s=%s is %s", (name, value, state, text) => {
    const checks = environmentChecks(program({ [name]: value }));
    expect(checks).toContainEqual(marked(state, name, text));
    expect(JSON.stringify(checks)).not.toContain("t0ps3cret");
  });

  test("is known as far as the command line reads it", () => {
    const read = readFileSync(join(import.meta.dirname, "../../cli.ts"), "utf8").match(/\bBERTH_[A-Z_]+\b/g) ?? [];
    const env = Object.fromEntries(read.map((name) => [name, ""]));
    expect(read).toContain("BERTH_HOME");
    expect(environmentChecks(program(env)).filter(({ text }) => text.includes("no variable"))).toEqual([]);
  });

  test("of a coding agent cannot approve; a model's key that is missing stops only the agent", () => {
    expect(environmentChecks(program({ CLAUDECODE: "1" }))).toContainEqual(marked("warn", "person", /CLAUDECODE/));
    expect(environmentChecks(program())).toContainEqual(marked("warn", "ANTHROPIC_API_KEY", /everything else/));
  });
});

describe("the state folder", () => {
  const config = (): Config => ({
    home: join(home, "state"),
    env: {},
    version: "0",
    workerCommand: ["true"],
    acme: { directory: defaultAcmeDirectory, email: null, trust: null },
    trustedRoots: [],
    caBundle: undefined,
    identityFile: undefined,
    allowPrivateAddresses: false,
    elicitation: "accept",
  });

  test("that is missing is not made", () => {
    expect(stateChecks(config())).toContainEqual(marked("ok", "state folder", /when Berth is first used/));
    expect(existsSync(config().home)).toBe(false);
  });

  test("that is there opens, and says what it holds", () => {
    const berth = openBerth(config());
    addServer(berth, "web", "ssh://root@203.0.113.5", undefined);
    berth.close();
    const checks = stateChecks(config());
    expect(checks).toContainEqual(marked("ok", "state folder", /opens/));
    expect(checks).toContainEqual(marked("ok", "approvals", /no passphrase/));
    expect(checks).toContainEqual(marked("ok", "servers", "web \\(not contacted\\)"));
    expect(checks).toContainEqual(marked("ok", "disk", /free/));
  });

  test("that others can read, or that is damaged, is bad", () => {
    openBerth(config()).close();
    chmodSync(config().home, 0o755);
    expect(stateChecks(config())).toEqual([
      {
        state: "bad",
        name: "state folder",
        text: expect.stringMatching(/mode 755/),
        next: `chmod 700 ${config().home}`,
      },
    ]);
    chmodSync(config().home, 0o700);
    writeFileSync(join(config().home, "berth.db"), "no database".repeat(1000));
    expect(stateChecks(config())).toContainEqual(marked("bad", "state folder", /berth|store|damaged/i));
  });
});

describe("clients", () => {
  const install = (args: string[], command = process.execPath) => {
    const servers = { other: { command: "x", env: { TOKEN: "t0ps3cret" } }, berth: { command, args } };
    writeFileSync(join(home, ".claude.json"), JSON.stringify({ mcpServers: servers }));
    return installedChecks(program());
  };

  test("that are not here are no fault", () => {
    expect(installedChecks(program()).map(({ state }) => state)).toEqual(["ok", "ok", "ok", "ok"]);
  });

  test("that are here are told apart by whether they start Berth", () => {
    mkdirSync(join(home, ".cursor"));
    const file = join(home, "berth-cli.js");
    writeFileSync(file, "");
    const checks = install([file, "serve"]);
    expect(checks).toContainEqual(marked("ok", "Claude Code", /as “berth”/));
    expect(checks).toContainEqual(marked("warn", "Cursor", /does not know/));
    expect(JSON.stringify(checks)).not.toContain("t0ps3cret");
    expect(install(["--help"])).toContainEqual(marked("warn", "Claude Code", /does not know/));
    expect(install([join(home, "berth/gone.js"), "serve"])).toContainEqual(
      marked("warn", "Claude Code", /gone.js, which is not there/),
    );
  });

  test("with a damaged file are named", () => {
    writeFileSync(join(home, ".claude.json"), "{ damaged");
    expect(installedChecks(program())).toContainEqual(marked("warn", "Claude Code", /line 1/));
  });

  test("that get no answer are bad, with what was said instead", { timeout: 120_000 }, async () => {
    const file = join(home, "cli.ts");
    writeFileSync(file, "process.stderr.write('no berth here'); process.exit(1)");
    const checks = await clientChecks(program({}, file));
    expect(checks).toEqual([marked("bad", "older client", /no berth here/), marked("bad", "modern client", /./)]);
  });
});
