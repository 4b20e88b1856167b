import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";
import { run } from "./shell.ts";

/** What the lab keeps of a server. */
export const serverFolder = (lab: Lab, server: string): string => join(lab.dir, "servers", server);

/** The key that opens the lab's servers and its git host: the private one's file, and the public one's line. */
export async function makeKey(lab: Lab): Promise<{ file: string; public: string }> {
  const file = join(lab.dir, "ssh", "key");
  await mkdir(join(lab.dir, "ssh"), { recursive: true, mode: 0o700 });
  if (!existsSync(file)) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", lab.name, "-f", file]);
  return { file, public: (await readFile(`${file}.pub`, "utf8")).trim() };
}

interface Login {
  address: string;
  port: number;
  user: string;
  key: string;
  knownHosts: string;
}

/** The arguments of `ssh` up to the command: this key, this host key, nothing of the caller's own configuration. */
export function sshArgs({ address, port, user, key, knownHosts }: Login): string[] {
  const options = [
    `UserKnownHostsFile=${knownHosts}`,
    "StrictHostKeyChecking=yes",
    "IdentitiesOnly=yes",
    "ConnectTimeout=5",
  ];
  return ["-F", "none", "-i", key, "-p", String(port), ...options.flatMap((one) => ["-o", one]), `${user}@${address}`];
}
