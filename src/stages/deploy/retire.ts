import type Docker from "dockerode";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { labels } from "../../kit/layout.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { containersOf, remove, type Seen, stop } from "./containers.ts";
import { engineForActing, engineIfAny } from "./engine.ts";

/** How long what is still open to an old container may take; a WebSocket ends with it. */
const drainSeconds = 10;

const Input = z.object({ stack: z.string(), keep: z.array(z.string()) });
type Input = z.infer<typeof Input>;

/** Ends what the release has replaced, by label alone: drained, stopped within its own time, removed. Volumes stay. */
export const retire = defineStep({
  kind: "deploy.retire",
  effect: "change",
  input: Input,
  before: z.object({ containers: z.array(z.string()) }),
  output: z.object({ kept: z.array(z.string()) }),
  title: () => "drain and remove what the release has replaced",

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    const old = engine ? await replaced(engine, input) : [];
    if (old.length > 0) return { before: { containers: old.map(({ name }) => name) } };
    return { output: { kept: input.keep } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    for (const container of await replaced(engine, input)) {
      if (container.status === "running" && container.address !== null) await drained(container.address, ctx);
      ctx.log(`stopping ${container.name}\n`);
      await stop(engine, container.id);
      await remove(engine, container.id, { scratch: container.labels[labels.role] === "service" });
    }
  },
});

async function replaced(engine: Docker, { stack, keep }: Input): Promise<Seen[]> {
  const all = await containersOf(engine, stack, ["service", "backing"]);
  return all.filter(({ name }) => !keep.includes(name));
}

async function drained(address: string, ctx: StageContext): Promise<void> {
  const none = async () => ((await openTo(address, ctx.host)) === 0 ? true : undefined);
  const done = await until(none, { timeoutMs: drainSeconds * 1000, everyMs: 250, signal: ctx.signal });
  if (!done) ctx.log(`after ${drainSeconds} s connections to ${address} are still open; they end now\n`);
}

/** Connections from the proxy, which is on the host's own network. */
async function openTo(address: string, host: Host): Promise<number> {
  const open = await host.read(["ss", "-Htn", "state", "established", "dst", address]);
  return open === "" ? 0 : open.split("\n").length;
}
