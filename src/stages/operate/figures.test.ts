import { expect, test } from "vitest";
import { figuresIn } from "./figures.ts";
import { figuresFrom } from "./figures-server.ts";

const processor = (total: number, system: number) => ({
  cpu_usage: { total_usage: total },
  system_cpu_usage: system,
  online_cpus: 2,
});

test("a container's figures are counted as the Engine's own command line counts them", () => {
  const stats = {
    cpu_stats: processor(3_000_000_000, 20_000_000_000),
    precpu_stats: processor(2_000_000_000, 18_000_000_000),
    memory_stats: { usage: 60_000_000, limit: 256_000_000, stats: { inactive_file: 10_000_000 } },
  };
  expect(figuresIn(stats)).toEqual({ cpuPercent: 100, memoryBytes: 50_000_000, memoryLimitBytes: 256_000_000 });
  const older = { ...stats.memory_stats, stats: { total_inactive_file: 20_000_000, inactive_file: 1 } };
  expect(figuresIn({ ...stats, memory_stats: older }).memoryBytes).toBe(40_000_000);
});

test("one that does not run uses nothing that could be told", () => {
  const stopped = { cpu_stats: { cpu_usage: { total_usage: 0 } }, precpu_stats: {}, memory_stats: {} };
  const nothing = { cpuPercent: null, memoryBytes: null, memoryLimitBytes: null };
  for (const stats of [stopped, undefined, "gone"]) expect(figuresIn(stats)).toEqual(nothing);
});

const printed = `boot 1767225600
load 0.50 0.40 0.30
cpus 2
total 4000000
available 1000000
disk /dev/vda1 20000000000 5000000000 14000000000 27% /
disk /dev/vda1 20000000000 5000000000 14000000000 27% /`;

test("a server's figures, a disk that is both once", () => {
  expect(figuresFrom(printed)).toEqual({
    disks: [{ at: "/", totalBytes: 20e9, usedBytes: 5e9, freeBytes: 14e9 }],
    memory: { totalBytes: 4_096_000_000, availableBytes: 1_024_000_000 },
    ...{ load: [0.5, 0.4, 0.3], cpus: 2, booted: "2026-01-01T00:00:00.000Z" },
  });
});

test("a server that says nothing, or nonsense, has no figures", () => {
  const nothing = { disks: [], memory: null, load: null, cpus: null, booted: null };
  expect(figuresFrom("")).toEqual(nothing);
  expect(figuresFrom("boot \nload x y\ncpus \u001b[2J\ntotal -4\ndisk a b c d e /")).toEqual(nothing);
});
