import type Docker from "dockerode";
import { z } from "zod";
import { ifThere } from "../../host/docker/answers.ts";

/** What a container uses, as the Engine's own command line counts it; null where it does not run. */
export interface Figures {
  /** Of one processor: two that are busy are 200. */
  cpuPercent: number | null;
  memoryBytes: number | null;
  /** What it may have; the server's memory where it has no limit. */
  memoryLimitBytes: number | null;
}

const Processor = z.object({
  cpu_usage: z.object({ total_usage: z.number() }),
  system_cpu_usage: z.number(),
  online_cpus: z.number().optional(),
});
const Stats = z.object({
  cpu_stats: Processor,
  precpu_stats: Processor,
  memory_stats: z.object({
    usage: z.number(),
    limit: z.number(),
    stats: z.object({ inactive_file: z.number().optional(), total_inactive_file: z.number().optional() }).optional(),
  }),
});

const nothing: Figures = { cpuPercent: null, memoryBytes: null, memoryLimitBytes: null };

/** Measured over about a second: the Engine takes two samples. */
export async function figuresOf(engine: Docker, container: string): Promise<Figures> {
  return figuresIn(await ifThere(engine.getContainer(container).stats({ stream: false })));
}

/** Pure. What the kernel keeps of files and would give back at once is no memory that the container needs. */
export function figuresIn(stats: unknown): Figures {
  const { data } = Stats.safeParse(stats);
  if (!data) return nothing;
  const { cpu_stats: now, precpu_stats: before, memory_stats: memory } = data;
  const own = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const all = now.system_cpu_usage - before.system_cpu_usage;
  const files = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  return {
    cpuPercent: own > 0 && all > 0 ? (own / all) * (now.online_cpus ?? 1) * 100 : 0,
    memoryBytes: files < memory.usage ? memory.usage - files : memory.usage,
    memoryLimitBytes: memory.limit,
  };
}
