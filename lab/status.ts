import { acmeAnswers, acmeDirectory } from "./acme.ts";
import { attemptDocker, engineAnswers } from "./engine.ts";
import { labsOnThisMachine } from "./lab.ts";
import { mirrorAnswers } from "./mirror.ts";
import { containerName, type Lab } from "./names.ts";
import { readServer, serverNames } from "./server.ts";
import { attempt } from "./shell.ts";
import { snapshotKeys } from "./snapshot.ts";

/** What is up, as rows of text: thing, state, address or size. */
export async function status(lab: Lab): Promise<string[][]> {
  const state = (up: boolean) => (up ? "up" : "down");
  const servers = await Promise.all((await serverNames(lab)).map((name) => serverRow(lab, name)));
  return [
    ["lab", lab.name, `${lab.network} ${lab.network6}`],
    ["engine", state(await engineAnswers(lab)), lab.engine],
    ["registry", state(await mirrorAnswers(lab)), lab.registry],
    ["authority", state(await acmeAnswers(lab)), acmeDirectory(lab)],
    ...servers,
    ...(await snapshotKeys(lab)).map((key) => ["snapshot", key, ""]),
    ["folder", await size(lab.dir), lab.dir],
    ["bases", await size(lab.bases), lab.bases],
    ["labs here", (await labsOnThisMachine(lab)).join(" ") || "none", ""],
  ];
}

async function serverRow(lab: Lab, name: string): Promise<string[]> {
  const inspect = ["container", "inspect", "--format", "{{.State.Status}}", containerName(lab, name)];
  const { stdout } = await attemptDocker(lab, inspect, { timeoutMs: 5000 });
  const server = await readServer(lab, name).catch(() => undefined);
  if (!server) return [`server ${name}`, "incomplete", `remove it: lab server rm ${name}`];
  return [
    `server ${name}`,
    stdout.trim() || "gone",
    `${server.os} ${server.user}@${server.address} ${server.address6}`,
  ];
}

async function size(path: string): Promise<string> {
  const { stdout } = await attempt("du", ["--summarize", "--human-readable", "--one-file-system", path]);
  return stdout.split("\t")[0] || "nothing";
}
