import type { Host } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { labels } from "../kit/layout.ts";
import type { Berth } from "./berth.ts";
import { connect, findServer } from "./connect.ts";
import { listStacks } from "./stack-facts.ts";
import type { StackLine } from "./surface.ts";

/** One line of `berth status`: what runs of a stack, at a glance. */
export interface StackGlance extends StackLine {
  running: number;
  /** Containers that shall run: what is kept for its log does not count. */
  containers: number;
  unhealthy: number;
  /** Why its server could not be looked at; null where it could. */
  problem: string | null;
}

type Counts = Pick<StackGlance, "running" | "containers" | "unhealthy">;

/** All stacks of this computer: one connection and one question for each server. */
export async function glanceAtStacks(berth: Berth): Promise<StackGlance[]> {
  const lines = listStacks(berth);
  const servers = [...new Set(lines.map(({ server }) => server))];
  const seen = new Map(await Promise.all(servers.map(async (name) => [name, await glanceAt(berth, name)] as const)));
  return lines.map((line) => {
    const server = seen.get(line.server);
    if (typeof server === "string") return { ...line, ...none, problem: server };
    return { ...line, ...(server?.get(line.name) ?? none), problem: null };
  });
}

const none: Counts = { running: 0, containers: 0, unhealthy: 0 };

/** Counts by stack, or why there are none. */
async function glanceAt(berth: Berth, server: string): Promise<Map<string, Counts> | string> {
  let host: Host | undefined;
  try {
    host = await connect(await findServer(berth.config, berth.store, server));
    return await countsOn(host);
  } catch (error) {
    if (error instanceof BerthError) return error.message;
    throw error;
  } finally {
    await host?.close();
  }
}

async function countsOn(host: Host): Promise<Map<string, Counts>> {
  const engine = await host.engine();
  const all = await engine.listContainers({ all: true, filters: { label: [labels.stack] } });
  const counts = new Map<string, Counts>();
  for (const { Labels, Names, State, Status } of all) {
    const [stack, role] = [Labels[labels.stack] ?? "", Labels[labels.role] ?? ""];
    if (!["service", "backing"].includes(role) || Names.some((name) => /-(failed|before)$/.test(name))) continue;
    const known = counts.get(stack) ?? none;
    counts.set(stack, {
      running: known.running + (State === "running" ? 1 : 0),
      containers: known.containers + 1,
      unhealthy: known.unhealthy + (Status.includes("(unhealthy)") ? 1 : 0),
    });
  }
  return counts;
}
