import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ssh2 from "ssh2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { adoptFrom } from "../src/cli/adopt.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import { fingerprintOf } from "../src/host/known-hosts.ts";
import { fingerprint } from "../src/secrets/fingerprint.ts";
import { secret } from "../src/secrets/value.ts";
import { openedBerth } from "../src/services/fixture.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan, planHash } from "../src/stages/plan/make.ts";
import type { Plan } from "../src/stages/plan/schema.ts";
import { servers } from "../src/store/servers.ts";
import { stacks } from "../src/store/stacks.ts";

// The command, over a real SSH connection to a server whose folder of Berth's is one here.
const keys = ssh2.utils.generateKeyPairSync("ed25519");
const login = ssh2.utils.generateKeyPairSync("ed25519");
let root: string;
let ssh: InstanceType<typeof ssh2.Server>;
let berth: ReturnType<typeof openedBerth>;
let address: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "berth-adopt-"));
  writeFileSync(join(root, "id"), login.private, { mode: 0o600 });
  ssh = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (asked) =>
      asked.method === "publickey" ? asked.accept() : asked.reject(["publickey"]),
    );
    client.on("session", (accept) =>
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const here = command.replaceAll("/var/lib/berth", join(root, "server"));
        const child = spawn("/bin/sh", ["-c", here.includes("id -u") ? "echo root" : here]);
        channel.pipe(child.stdin).on("error", () => undefined);
        child.stdout.pipe(channel, { end: false });
        child.on("close", (code) => {
          channel.exit(code ?? 255);
          channel.end();
        });
      }),
    );
  });
  await new Promise<void>((listening) => ssh.listen(0, "127.0.0.1", listening));
  const { port } = ssh.address() as AddressInfo;
  address = `ssh://root@127.0.0.1:${port}`;
  berth = openedBerth({ identityFile: join(root, "id") });
});
afterEach(() => {
  ssh.close();
  berth.remove();
  rmSync(root, { recursive: true });
});

const named = (name: string): Plan => {
  const plan = makePlan(planInput());
  return { ...plan, server: { ...plan.server, name } };
};
const key = "ab".repeat(32);
const value = "line\nwith 'quotes' and $x\n";

/** Puts a stack on the server that was applied there under this name of the server's. */
function standing(name: string): Plan {
  const given = { origin: "given" as const, name: "API_KEY", fingerprint: fingerprint(key, secret(value)) };
  const plan = { ...named(name), secrets: [given] };
  const files = {
    "applied.json": JSON.stringify({ serial: 2, planHash: planHash(plan), plan, at: "2026-01-02T03:04:05.000Z" }),
    "fingerprint-key": key,
    [`secrets/API_KEY/${given.fingerprint}`]: value,
  };
  for (const [path, text] of Object.entries(files)) {
    const whole = join(root, "server/stacks", plan.stack, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
  }
  return plan;
}

/** A terminal at which somebody types this; undefined: there is none. */
function terminal(typed?: string): Terminal & { shown: string[] } {
  const shown: string[] = [];
  const say = (text: string) => void shown.push(text);
  const ask: Terminal["ask"] = async (question) => {
    say(question);
    return typed;
  };
  const still = { drained: async () => undefined, live: false, json: false, onInterrupt: () => () => undefined };
  return { say, note: say, write: say, ask, ...still, shown };
}
const here = () => address.replace("ssh://root@", "");
const print = fingerprintOf(Buffer.from(keys.public.split(" ")[1] ?? "", "base64"));

test("a person sees the host key and what is there, says yes, and all of it is known here", async () => {
  const plan = standing(here());
  const screen = terminal("yes");
  expect(await adoptFrom(berth, screen, address, { stack: [] })).toBe(0);
  const shown = screen.shown.join("\n");
  for (const text of [print, plan.stack, planHash(plan).slice(0, 12), "API_KEY"]) expect(shown).toContain(text);
  expect(shown).not.toContain("with 'quotes'");
  expect(servers(berth.store)).toMatchObject([{ name: here(), hostKey: print }]);
  expect(stacks(berth.store)).toMatchObject([{ name: plan.stack, serial: 2, appliedPlan: planHash(plan) }]);
  const given = fingerprint(key, secret(value));
  expect(berth.secrets.value(plan.stack, "API_KEY", given).reveal()).toBe(value);
  // Pinned now, so nothing is asked again.
  const again = terminal();
  expect(await adoptFrom(berth, again, address, { stack: [plan.stack] })).toBe(0);
});

test("no yes, no terminal and another key each leave everything as it was", async () => {
  standing(here());
  expect(await adoptFrom(berth, terminal("no"), address, { stack: [] })).toBe(3);
  const alone = adoptFrom(berth, terminal(), address, { stack: [] });
  await expect(alone).rejects.toMatchObject({ code: "approval_required", next: expect.stringContaining(print) });
  const other = { stack: [], hostKey: `SHA256:${"A".repeat(43)}` };
  await expect(adoptFrom(berth, terminal("yes"), address, other)).rejects.toMatchObject({ code: "host_key_changed" });
  expect([...servers(berth.store), ...stacks(berth.store)]).toEqual([]);
});

test("a coding agent's shell is no person", async () => {
  standing(here());
  const env = { ...berth.config.env, CLAUDECODE: "1" };
  const options = { stack: [], hostKey: print };
  const asked = adoptFrom({ ...berth, config: { ...berth.config, env } }, terminal("yes"), address, options);
  await expect(asked).rejects.toMatchObject({ code: "agent_refused" });
  expect(servers(berth.store)).toEqual([]);
});

test("a server does not choose what it is called here: the person does", async () => {
  const plan = standing("prod");
  const options = { stack: [], hostKey: print };
  const refused = adoptFrom(berth, terminal(), address, options);
  await expect(refused).rejects.toMatchObject({
    code: "nothing_to_adopt",
    cause: expect.stringContaining("--name prod"),
  });
  expect(await adoptFrom(berth, terminal(), address, { ...options, name: "prod" })).toBe(0);
  expect(stacks(berth.store)).toMatchObject([{ name: plan.stack, server: "prod" }]);
});

test("a stack that is not there is named with those that are, and nothing on the server is changed", async () => {
  const plan = standing(here());
  const folder = join(root, "server/stacks", plan.stack);
  const files = () =>
    readdirSync(folder).map((file) => [file, file.includes(".json") && readFileSync(join(folder, file), "utf8")]);
  const before = files();
  const asked = adoptFrom(berth, terminal("yes"), address, { stack: ["payroll"] });
  await expect(asked).rejects.toMatchObject({ code: "nothing_to_adopt", cause: `There are ${plan.stack}.` });
  await adoptFrom(berth, terminal("yes"), address, { stack: [] });
  expect(files()).toEqual(before);
});
