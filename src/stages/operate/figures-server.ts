import type Docker from "dockerode";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { cleanLine } from "../../kit/text.ts";

interface Disk {
  /** Where it is mounted. */
  at: string;
  totalBytes: number;
  usedBytes: number;
  /** What root's programs may still take; less than the rest where some is kept back. */
  freeBytes: number;
}

/** A server at one moment. What it does not tell is null. */
export interface ServerFigures {
  /** The root, and where the Engine keeps its data: once where that is one file system. */
  disks: Disk[];
  memory: { totalBytes: number; availableBytes: number } | null;
  /** Processes that run or wait, on average over 1, 5 and 15 minutes. */
  load: [number, number, number] | null;
  cpus: number | null;
  /** When it was started. */
  booted: string | null;
  engine: string | null;
}

const script = `export LC_ALL=C.UTF-8
echo "boot $(sed -n 's/^btime //p' /proc/stat)"
echo "load $(cut -d' ' -f1-3 /proc/loadavg)"
echo "cpus $(nproc)"
sed -n 's/^MemTotal: */total /p; s/^MemAvailable: */available /p' /proc/meminfo
for folder in / "$1"; do df -P -B1 -- "$folder" 2>/dev/null | tail -n +2 | sed 's/^/disk /'; done`;

/** Looks at the files in which a Linux server says how it is. */
export async function serverFigures(host: Host, engine: Docker | undefined): Promise<ServerFigures> {
  const info = (await engine?.info().catch(() => undefined)) as
    | { DockerRootDir?: string; ServerVersion?: string }
    | undefined;
  const printed = await host.read(sh(script, info?.DockerRootDir ?? "/var/lib"));
  return { ...figuresFrom(printed), engine: info?.ServerVersion ? cleanLine(info.ServerVersion, 40) : null };
}

/** Pure: what the script prints. */
export function figuresFrom(printed: string): Omit<ServerFigures, "engine"> {
  const lines = printed.split("\n").map((line) => line.trim().split(/\s+/));
  const of = (name: string) => lines.find(([first]) => first === name)?.slice(1) ?? [];
  const [boot, total, available] = ["boot", "total", "available"].map((name) => numberIn(of(name)[0]));
  const load = of("load").map(Number);
  return {
    disks: disksIn(lines),
    memory: total && available ? { totalBytes: total * 1024, availableBytes: available * 1024 } : null,
    load: load.length === 3 && load.every(Number.isFinite) ? [load[0] ?? 0, load[1] ?? 0, load[2] ?? 0] : null,
    cpus: numberIn(of("cpus")[0]) ?? null,
    booted: boot ? new Date(boot * 1000).toISOString() : null,
  };
}

/** `disk FILESYSTEM TOTAL USED FREE SHARE MOUNT`; the same mount twice is one disk. */
function disksIn(lines: readonly string[][]): Disk[] {
  const disks = lines.flatMap(([first, , total, used, free, , ...at]) => {
    const [totalBytes, usedBytes, freeBytes] = [total, used, free].map(numberIn);
    if (first !== "disk" || !totalBytes || usedBytes === undefined || freeBytes === undefined) return [];
    return [{ at: cleanLine(at.join(" "), 200), totalBytes, usedBytes, freeBytes }];
  });
  return disks.filter(({ at }, n) => disks.findIndex((other) => other.at === at) === n);
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
