import { BerthError } from "../../kit/error.ts";
import { serverRoot } from "../../kit/layout.ts";
import type { Listener, ServerFacts } from "./server-facts.ts";

export interface Needs {
  /** For messages: `ssh://root@192.0.2.1`. */
  server: string;
  /** Disk that images and data need at least, in megabytes. */
  diskMegabytes: number;
}

const supported: Record<string, readonly string[]> = { debian: ["12", "13"], ubuntu: ["24.04", "26.04"] };

/** Refuses, before any plan, a server that Berth cannot make ready; pure. Throws `applied_damaged`, `unsupported_os`, `port_taken`, `disk_low`. */
export function refuseServer(facts: ServerFacts, { server, diskMegabytes }: Needs): void {
  if (facts.appliedDamaged) throw appliedDamaged(server);
  if (!supported[facts.os.id]?.includes(facts.os.version)) throw unsupportedOs(facts, server);
  const holder = facts.listeners.find(
    ({ protocol, port, ours }) => protocol === "tcp" && (port === 80 || port === 443) && !ours,
  );
  if (holder) throw portTaken(holder, server);
  const free = Math.min(facts.diskFreeMegabytes.root, facts.diskFreeMegabytes.engine);
  if (free < diskMegabytes) throw diskLow(free, diskMegabytes, server);
}

/** Taken for nothing, it would make a stack that is there look new. */
export const appliedDamaged = (server: string) =>
  new BerthError({
    code: "applied_damaged",
    message: "What the server keeps of the last release of this stack cannot be read.",
    object: `${server}, ${serverRoot}/stacks/STACK/applied.json`,
    cause: "The file is there, and is not what Berth writes: it was cut off, changed, or written by another version.",
    next: "Look at it on the server; releases/*/plan.json beside it hold the plans. Removed, the stack counts as new.",
  });

const unsupportedOs = ({ os }: ServerFacts, server: string) =>
  new BerthError({
    code: "unsupported_os",
    message: `Berth does not provision ${os.pretty || os.id || "this system"}.`,
    object: server,
    cause: `/etc/os-release says ID=${os.id} VERSION_ID=${os.version}; Debian 12 and 13, Ubuntu 24.04 and 26.04 are supported.`,
    next: "Give the server one of these systems, or name another server with --server.",
  });

function portTaken({ port, address, process, pid, unit }: Listener, server: string): BerthError {
  const who = process === null ? "another program" : `${process} (pid ${pid}${unit === null ? "" : `, ${unit}`})`;
  const stop = stopping(process, unit, port);
  return new BerthError({
    code: "port_taken",
    message: `Port ${port} on the server is taken by ${who}.`,
    object: `${server}, port ${port}`,
    cause: `It listens on ${address}:${port}, and the proxy needs this port.`,
    next: `If it is not needed, stop it on the server (${stop}); else name another server with --server.`,
  });
}

/** What to type there to see it or to be rid of it; docker-proxy runs in the Engine's own unit, which must go on. */
function stopping(process: string | null, unit: string | null, port: number): string {
  if (process === "docker-proxy") return `docker ps --filter publish=${port}`;
  return unit?.endsWith(".service") ? `systemctl disable --now ${unit}` : `ss -ltnp 'sport = :${port}'`;
}

const diskLow = (free: number, needed: number, server: string) =>
  new BerthError({
    code: "disk_low",
    message: `The server has ${free} MB of disk free and needs ${needed} MB.`,
    object: server,
    cause: "Images, build layers and data would fill it, and a full disk stops databases.",
    next: "Make room there (df -h; docker system df), or take a larger disk.",
  });
