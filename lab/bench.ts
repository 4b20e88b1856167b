import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentFor, openLab } from "./lab.ts";
import { readServer } from "./server.ts";
import { sshArgs } from "./ssh.ts";

// `npm run bench`: whole commands beside a floor, taken in turns in one run, so that a busy machine slows both. Ratios count.
const root = join(import.meta.dirname, "..");
const guestbook = join(root, "examples/guestbook");
const cli = join(root, "src/cli.ts");
const home = mkdtempSync(join(tmpdir(), "berth-bench-"));
const rounds = 7;

interface Command {
  name: string;
  words: string[];
  env?: NodeJS.ProcessEnv;
}

const node: Command = { name: "node -e 0", words: [process.execPath, "-e", "0"] };
const berth = (name: string, args: string[], env: NodeJS.ProcessEnv = {}): Command => ({
  name,
  words: [process.execPath, cli, ...args],
  env: { BERTH_HOME: home, ...env },
});

try {
  say(`${rounds} rounds each, in turns; seconds as minimum / median / maximum; the ratio is of the medians`);
  compare(berth("berth --help", ["--help"]), node);
  compare(berth("berth analyze examples/guestbook --json", ["analyze", guestbook, "--json"]), node);
  await compareDemo();
} finally {
  rmSync(home, { recursive: true });
}

/** Where `npm run demo` stands: an unchanged `up`, which observes every step, beside one login to the same server. */
async function compareDemo(): Promise<void> {
  const lab = openLab();
  const state = join(lab.dir, "demo");
  if (!existsSync(join(state, "berth.db")))
    return say("unchanged up: not measured, since the demo is not up (npm run demo)");
  const server = await readServer(lab, "demo");
  const knownHosts = join(lab.dir, "servers/demo/known_hosts");
  const env = { ...(await environmentFor(lab)), BERTH_HOME: state, BERTH_IDENTITY: server.key };
  const target = ["--server", `ssh://${server.user}@${server.address}`, "--json"];
  const login = { name: "ssh … true", words: ["ssh", ...sshArgs({ ...server, knownHosts }), "true"] };
  compare(berth("berth up, unchanged", ["up", guestbook, ...target], env), login);
}

function compare(command: Command, floor: Command): void {
  const times = { command: [] as number[], floor: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.command.push(timeOf(command));
    times.floor.push(timeOf(floor));
  }
  const ratio = median(times.command) / median(times.floor);
  say(`${command.name}: ${shown(times.command)} · ${floor.name}: ${shown(times.floor)} · ratio ${ratio.toFixed(1)}`);
}

function timeOf({ name, words: [program = "", ...args], env }: Command): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stderr.slice(-1000)}`);
  return (performance.now() - began) / 1000;
}

const sorted = (times: readonly number[]) => times.toSorted((a, b) => a - b);
const median = (times: readonly number[]) => sorted(times)[Math.floor(times.length / 2)] ?? Number.NaN;
const shown = (times: readonly number[]) =>
  [sorted(times)[0], median(times), sorted(times).at(-1)].map((time) => time?.toFixed(2)).join(" / ");

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
