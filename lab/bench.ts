import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ratioOf, say, shown } from "./bench/figures.ts";
import { compareServers } from "./bench/mcp.ts";
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
  build();
  await compareServers(root);
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
  const [ours, theirs] = [shown(times.command, 2), shown(times.floor, 2)];
  say(`${command.name}: ${ours} · ${floor.name}: ${theirs} · ${ratioOf(times.command, times.floor)}`);
}

/** What people install is what counts for how long a server takes to start. */
function build(): void {
  const { status, stderr } = spawnSync("npm", ["run", "build", "--silent"], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm run build ended with ${status}:\n${stderr.slice(-1000)}`);
}

function timeOf({ name, words: [program = "", ...args], env }: Command): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stderr.slice(-1000)}`);
  return (performance.now() - began) / 1000;
}
