import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../src/kit/wait.ts";
import { claimNumber, releaseNumber } from "./addresses.ts";
import { pullBase } from "./bases.ts";
import { removeGroups } from "./cgroups.ts";
import { attemptDocker, docker } from "./engine.ts";
import { containerName, type Lab, serverAddresses } from "./names.ts";
import { need } from "./packages.ts";
import { createArgs, imageOf, type Os } from "./server-container.ts";
import { run, succeeds } from "./shell.ts";
import { restoreData, snapshotRecord } from "./snapshot-data.ts";
import { makeKey, serverFolder, sshArgs } from "./ssh.ts";

/** How to reach a server, and whom it will be. */
export interface Server {
  name: string;
  os: Os;
  address: string;
  address6: string;
  port: number;
  /** root, or a user with sudo. */
  user: string;
  /** Files: the private key, and the server's own key pinned for its addresses. */
  key: string;
  knownHosts: string;
  /** `ssh-ed25519 AAAA…`, read inside the server. */
  hostKey: string;
}

export interface ServerOptions {
  os?: Os;
  /** A cap on all that runs in it, nested containers too: `2G`. */
  memory?: string;
  /** A disk of its own for /var, which a test can fill: `4G`. It cannot be kept as a snapshot. */
  disk?: string;
  user?: "root" | "sudo";
  /** The snapshot to begin with, instead of a fresh system. */
  from?: string;
}

/** In a server's folder, where it has a disk of its own. */
export const diskFile = "disk.img";

/** Passwords that a fresh server takes, from root and from mallory, so that a test can prove that one no longer does. */
export const testPassword = "lab-password";

/** Makes the server, or starts the one that is there, and waits until SSH answers its user. */
export async function startServer(lab: Lab, name: string, options: ServerOptions = {}): Promise<Server> {
  const container = containerName(lab, name);
  if (await attemptDocker(lab, ["container", "inspect", container]).then(({ code }) => code !== 0)) {
    await create(lab, name, options);
  }
  await docker(lab, ["start", container]);
  return describeServer(lab, name);
}

async function create(lab: Lab, name: string, options: ServerOptions): Promise<void> {
  const snapshot = options.from === undefined ? undefined : await snapshotRecord(lab, options.from);
  const os = snapshot?.os ?? options.os ?? "debian-13";
  const user = snapshot?.user ?? (options.user === "sudo" ? "deploy" : "root");
  if (!snapshot) await pullBase(lab, imageOf(os));
  const folder = serverFolder(lab, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const addresses = serverAddresses(lab, await claimNumber(lab, name));
  await restoreData(lab, options.from, folder);
  const image = snapshot?.image ?? imageOf(os);
  const disk = options.disk === undefined ? undefined : await makeDisk(folder, options.disk);
  const key = await makeKey(lab);
  await docker(
    lab,
    createArgs(lab, { name, os, user, image, folder, key: key.public, memory: options.memory, disk, ...addresses }),
  );
  await writeFile(
    join(folder, "server.json"),
    JSON.stringify({ name, os, user, port: 22, key: key.file, ...addresses }),
  );
}

async function makeDisk(folder: string, size: string): Promise<string> {
  await need("mkfs.ext4");
  await run("truncate", ["--size", size, join(folder, diskFile)]);
  await run("mkfs.ext4", ["-q", "-m", "0", join(folder, diskFile)]);
  return diskFile;
}

/** A running server as it can be reached, when SSH answers; throws after a minute. */
export async function describeServer(lab: Lab, name: string): Promise<Server> {
  const container = containerName(lab, name);
  const record = await readServer(lab, name);
  const hostKey = await until(() => readHostKey(lab, container), { timeoutMs: 60_000 });
  if (hostKey === undefined) throw new Error(`${name} made no host key within a minute: docker logs ${container}`);
  const knownHosts = join(serverFolder(lab, name), "known_hosts");
  await writeFile(knownHosts, [record.address, record.address6].map((at) => `${at} ${hostKey}\n`).join(""));
  const server: Server = { ...record, knownHosts, hostKey };
  // Users other than root are let in only when the boot is through.
  const login = async () =>
    (await succeeds("ssh", [...sshArgs(server), "true"], { timeoutMs: 10_000 })) ? true : undefined;
  if (!(await until(login, { timeoutMs: 60_000 })))
    throw new Error(`${name} let ${server.user} in for no minute's time`);
  return server;
}

async function readHostKey(lab: Lab, container: string): Promise<string | undefined> {
  const { code, stdout } = await attemptDocker(lab, ["exec", container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub"]);
  const [type, key] = stdout.split(" ");
  return code === 0 && type && key ? `${type} ${key.trim()}` : undefined;
}

/** What was written down when the server was made. */
export async function readServer(lab: Lab, name: string): Promise<Omit<Server, "knownHosts" | "hostKey">> {
  const file = join(serverFolder(lab, name), "server.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) throw new Error(`${lab.name} has no server ${name}`);
  return JSON.parse(text) as Omit<Server, "knownHosts" | "hostKey">;
}

/** The names of the lab's servers. */
export const serverNames = (lab: Lab): Promise<string[]> => readdir(join(lab.dir, "servers")).catch(() => []);

/** Switches it off in an orderly way; it stays off until `startServer`. */
export async function stopServer(lab: Lab, name: string): Promise<void> {
  await docker(lab, ["stop", "--time", "60", containerName(lab, name)]);
}

/** An orderly reboot, waited for until SSH answers again. */
export async function rebootServer(lab: Lab, name: string): Promise<Server> {
  await docker(lab, ["restart", "--time", "60", containerName(lab, name)]);
  return describeServer(lab, name);
}

/** The power fails: everything in it is killed at once, and it boots again. */
export async function resetServer(lab: Lab, name: string): Promise<Server> {
  await docker(lab, ["restart", "--time", "0", containerName(lab, name)]);
  return describeServer(lab, name);
}

/** Takes the server away with all it held; one that is not there is fine. */
export async function removeServer(lab: Lab, name: string): Promise<void> {
  await attemptDocker(lab, ["rm", "--force", "--volumes", containerName(lab, name)]);
  await removeGroups(lab, name);
  await rm(serverFolder(lab, name), { recursive: true, force: true });
  await releaseNumber(lab, name);
}

/** Runs a command as root inside the server, past SSH and sudo: to look at the world, not to act on it. */
export const inServer = (lab: Lab, name: string, ...command: string[]): Promise<string> =>
  docker(lab, ["exec", containerName(lab, name), ...command]);
