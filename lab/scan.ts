import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pullBase } from "./bases.ts";
import { docker } from "./engine.ts";
import type { Lab } from "./names.ts";
import { readServer } from "./server.ts";

/** TCP ports that accept a connection, in order. */
export interface OpenPorts {
  v4: number[];
  v6: number[];
}

/**
 * Asks every TCP port, 1 to 65535, of the server's two addresses, from another container of the lab. Only the lab's own
 * servers can be named. About a minute where a firewall drops in silence, seconds where it refuses.
 */
export async function scan(lab: Lab, server: string): Promise<OpenPorts> {
  const { address, address6 } = await readServer(lab, server);
  const image = "lab/server:13";
  await pullBase(lab, image);
  const program = await readFile(join(import.meta.dirname, "scan.py"), "utf8");
  const scanOne = async (at: string) => {
    const limits = ["--ulimit", "nofile=16384:16384"];
    const args = ["run", "--rm", "--interactive", ...limits, "--entrypoint", "python3", image, "-", at];
    const found = JSON.parse(await docker(lab, args, { input: program })) as Record<string, number[]>;
    return found[at] ?? [];
  };
  const [v4, v6] = await Promise.all([scanOne(address), scanOne(address6)]);
  return { v4, v6 };
}
