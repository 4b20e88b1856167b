import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { docker } from "../engine.ts";
import { containerName, type Lab } from "../names.ts";
import { run } from "../shell.ts";
import { type Fault, inflict, line, lineInServer, type Span } from "./inflict.ts";

/**
 * Fills a file system that is small and apart, never a machine's own: PATH, and how many MB to leave. The last blocks go to
 * whoever writes until it is full.
 */
const fillScript = `set -e
mountpoint -q "$1" || { echo "$1 is no disk of its own" >&2; exit 1; }
room=$(($(df --output=avail --block-size=1K "$1" | tail -n 1) - $2 * 1024))
[ "$room" -le 0 ] || fallocate --length "\${room}K" "$1/.lab-fill" || :
[ "$2" -gt 0 ] || cat /dev/zero >>"$1/.lab-fill" 2>/dev/null || :`;

interface Filling extends Span {
  /** Megabytes that stay free: none unless told. */
  leaveMb?: number;
}

/** The disk of a server is full: its /var, where the Engine's data and Berth's own lie. It was made with a `disk` of its own. */
export async function fillServer(lab: Lab, server: string, { seconds, leaveMb = 0 }: Filling): Promise<Fault> {
  const container = containerName(lab, server);
  const undo = [lineInServer(lab, server, "rm", "-f", "/var/.lab-fill")];
  return inflict(lab, `fill-${server}`, { seconds, undo }, () =>
    docker(lab, ["exec", container, "sh", "-c", fillScript, "fill", "/var", String(leaveMb)]),
  );
}

/** A small disk on this machine, for a state folder. Released, it is gone with all that lies on it. */
export interface Disk extends Fault {
  path: string;
  /** No room on it any more. */
  fill(options: Filling): Promise<Fault>;
  /** Nobody can write on it. Throws where somebody has a file open for writing. */
  protect(options: Span): Promise<Fault>;
}

/** Makes a disk of so many megabytes (in memory) at a path of the lab's. */
export async function openDisk(
  lab: Lab,
  name: string,
  { megabytes, seconds }: Span & { megabytes: number },
): Promise<Disk> {
  const path = join(lab.dir, "disks", name);
  const mounted = line("mountpoint", "-q", path);
  const fault = (kind: string, span: Span, undo: string, act: () => Promise<unknown>) =>
    inflict(lab, `${kind}-${name}`, { seconds: span.seconds, undo: [undo] }, act);
  const gone = `if ${mounted}; then ${line("umount", "--lazy", path)}; fi; ${line("rm", "-rf", path)}`;
  const disk = await fault("disk", { seconds }, gone, async () => {
    await mkdir(path, { recursive: true });
    await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "tmpfs", path]);
  });
  return {
    ...disk,
    path,
    fill: ({ leaveMb = 0, ...span }) =>
      fault("fill", span, line("rm", "-f", join(path, ".lab-fill")), () =>
        run("sh", ["-c", fillScript, "fill", path, String(leaveMb)]),
      ),
    protect: (span) =>
      fault("protect", span, `if ${mounted}; then ${line("mount", "-o", "remount,rw", path)}; fi`, () =>
        run("mount", ["-o", "remount,ro", path]),
      ),
  };
}
