import { spawnSync } from "node:child_process";
import { Command, Option } from "commander";
import { ensureBase } from "./bases.ts";
import { setName } from "./dns.ts";
import { faultCommand } from "./faults/command.ts";
import { pushFolder, startGit } from "./git.ts";
import { down, environmentFor, up } from "./lab.ts";
import { lock } from "./lock.ts";
import { openLab } from "./names.ts";
import { recipeFor } from "./recipes.ts";
import { scan } from "./scan.ts";
import * as servers from "./server.ts";
import { operatingSystems } from "./server-container.ts";
import { removeSnapshot, saveSnapshot, snapshotKeys } from "./snapshot.ts";
import { sshArgs } from "./ssh.ts";
import { status } from "./status.ts";

const program = new Command("lab")
  .description("Servers to deploy to, base images, an ACME authority and a git host, on a Docker Engine of their own")
  .enablePositionalOptions()
  .option("--lab <name>", "which lab", process.env.BERTH_LAB ?? "berth-lab");
const lab = () => openLab(program.opts<{ lab: string }>().lab);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const table = (rows: string[][]): void => {
  for (const [a = "", b = "", c = ""] of rows) say(`${a.padEnd(18)} ${b.padEnd(12)} ${c}`.trimEnd());
};

program
  .command("up")
  .description("bring it up, or repair it")
  .action(async () => {
    const began = performance.now();
    await up(lab());
    say(`${lab().name} is up after ${Math.round((performance.now() - began) / 1000)} s`);
  });

program
  .command("down")
  .description("take it away, in whatever state; the base images stay")
  .option("--all", "the base images too")
  .action(async (options: { all?: boolean }) => {
    const run = await lock(lab(), `test-${lab().name}`, { wait: false });
    if (!run) throw new Error(`${lab().name} is in use by a running test`);
    await run.release();
    await down(lab(), options);
    say(`${lab().name} is down`);
  });

program
  .command("status")
  .description("what is up, where, how large")
  .action(async () => {
    table(await status(lab()));
  });

program
  .command("env")
  .description("the variables that tell berth of this lab, for `eval`")
  .action(async () => {
    for (const [name, value] of Object.entries(await environmentFor(lab()))) say(`export ${name}='${value}'`);
  });

program
  .command("server")
  .description("NAME makes or starts a server; stop|start|reboot|rm NAME")
  .argument("<words...>")
  .addOption(new Option("--os <os>", "its system").choices(operatingSystems).default("debian-13"))
  .addOption(new Option("--user <user>", "who may log in").choices(["root", "sudo"]).default("root"))
  .option("--memory <size>", "a cap on all that runs in it: 2G")
  .option("--disk <size>", "a disk of its own for /var, which a fault can fill: 4G")
  .option("--from <snapshot>", "begin with a snapshot")
  .option("--json", "all of it as JSON")
  .action(async (words: string[], options: servers.ServerOptions & { json?: boolean }) => {
    const [verb = "", name = ""] = words.length > 1 ? words : ["start", ...words];
    const act: Record<string, () => Promise<servers.Server | undefined>> = {
      start: () => servers.startServer(lab(), name, options),
      reboot: () => servers.rebootServer(lab(), name),
      stop: () => servers.stopServer(lab(), name).then(() => undefined),
      rm: () => servers.removeServer(lab(), name).then(() => undefined),
    };
    const server = await (act[verb] ?? program.error(`error: ${verb} is none of ${Object.keys(act).join(", ")}`))();
    if (server) say(options.json ? JSON.stringify(server, null, 2) : `ssh ${sshArgs(server).join(" ")}`);
  });

program
  .command("ssh")
  .description("log in to a server, or run a command there")
  .argument("<name>")
  .argument("[command...]")
  .passThroughOptions()
  .action(async (name: string, command: string[]) => {
    const server = await servers.describeServer(lab(), name);
    process.exitCode = spawnSync("ssh", [...sshArgs(server), ...command], { stdio: "inherit" }).status ?? 1;
  });

program
  .command("scan")
  .description("every TCP port of a server, IPv4 and IPv6, from another container")
  .argument("<server>")
  .action(async (name: string) => say(JSON.stringify(await scan(lab(), name))));

const snapshot = program.command("snapshot").description("servers to begin others with");
snapshot
  .command("save")
  .argument("<server>")
  .argument("<key>")
  .action((server, key) => saveSnapshot(lab(), server, key));
snapshot
  .command("rm")
  .argument("<key>")
  .action((key) => removeSnapshot(lab(), key));
snapshot.command("list").action(async () => table((await snapshotKeys(lab())).map((key) => [key])));

program
  .command("base")
  .description("see to it that the registry has an image")
  .argument("<image>")
  .action(async (image: string) => {
    await ensureBase(lab(), image);
    say(`${lab().registry} has ${recipeFor(image).name}`);
  });

program
  .command("dns")
  .description("what the ACME authority finds under a name; without addresses nothing")
  .argument("<name>")
  .argument("[addresses...]")
  .action((name: string, addresses: string[]) => setName(lab(), name, addresses));

program.addCommand(faultCommand(lab, say));

const git = program.command("git").description("a git host with private repositories");
git.command("start").action(async () => say(JSON.stringify(await startGit(lab()), null, 2)));
git
  .command("push")
  .argument("<folder>")
  .argument("<repository>")
  .action(async (folder: string, repository: string) => say(await pushFolder(lab(), folder, repository)));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
