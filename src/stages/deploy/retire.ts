import type Docker from "dockerode";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { labels } from "../../kit/layout.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { containersOf, remove, type Seen, stop } from "./containers.ts";
import { engineForActing, engineIfAny } from "./engine.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { recordFile } from "./release-record.ts";

/** How long what is still open to an old container may take; a WebSocket ends with it. */
const drainSeconds = 10;

const Input = z.object({ stack: z.string(), keep: z.array(z.string()), watched: Watched });
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
    await watchVisitors(input.watched, ctx);
    for (const container of await replaced(engine, input)) {
      if (container.status === "running" && container.address !== null) await drained(container.address, ctx);
      ctx.log(`stopping ${container.name}\n`);
      await stop(engine, container.id);
      if (container.labels[labels.role] === "release-command") await forgetCommand(container, ctx);
      await remove(engine, container.id, { scratch: container.labels[labels.role] !== "backing" });
    }
  },
});

async function replaced(engine: Docker, { stack, keep }: Input): Promise<Seen[]> {
  const all = await containersOf(engine, stack, ["service", "backing", "release-command"]);
  const isOurs = ({ labels: marks, fresh }: Seen) => marks[labels.role] !== "release-command" || fresh;
  return all.filter((container) => !keep.includes(container.name) && isOurs(container));
}

/** Of a run that ended before it was started: with its container goes the record of it, so that nobody asks for it later. */
async function forgetCommand({ labels: marks }: Seen, ctx: StageContext): Promise<void> {
  const [stack, release, part] = [marks[labels.stack], marks[labels.release], marks[labels.service]];
  if (stack === undefined || release === undefined || part === undefined) return;
  const lock = await ctx.lock("stack");
  await lock.run(["rm", "-f", "--", recordFile({ stack, release, part })]);
}

export async function drained(address: string, ctx: StageContext): Promise<void> {
  const none = async () => ((await openTo(address, ctx.host)) === 0 ? true : undefined);
  const done = await until(none, { timeoutMs: drainSeconds * 1000, everyMs: 250, signal: ctx.signal });
  if (!done) ctx.log(`after ${drainSeconds} s connections to ${address} are still open; they end now\n`);
}

/** Connections from the proxy, which is on the host's own network. */
async function openTo(address: string, host: Host): Promise<number> {
  const open = await host.read(["ss", "-Htn", "state", "established", "dst", address]);
  return open === "" ? 0 : open.split("\n").length;
}
