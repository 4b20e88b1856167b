import type Docker from "dockerode";
import { z } from "zod";
import { labels } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Service } from "../plan/schema.ts";
import { containerBody } from "./body.ts";
import { containersOf, findContainer, imageId, remove, type Seen, startIfStopped, stop } from "./containers.ts";
import { asked, engineForActing, engineIfAny } from "./engine.ts";
import { Environment, readEnvironment } from "./environment.ts";
import { type Gated, isHealthy, passGate } from "./gate.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { containersOfService, Placed, putBack, servingOf } from "./serving.ts";
import { undoImpossible } from "./undo.ts";

const Input = z.object({
  environment: Environment,
  network: z.string(),
  spec: z.string(),
  /** The name that it is asked by; null where it has no route. */
  host: z.string().nullable(),
  service: Service,
  placed: Placed,
  /** All services of the plan: when one of them fails, all of them stay what they were. */
  all: z.array(Placed),
  watched: Watched,
});
type Input = z.infer<typeof Input>;

/**
 * A release of a service, beside the one that serves, until it is healthy. Whatever goes wrong, what served before serves
 * on: what did not become healthy is stopped and kept under another name, for its logs.
 */
export const startService = defineStep({
  kind: "deploy.start",
  effect: "change",
  input: Input,
  before: z.object({ containers: z.array(z.string()) }),
  output: z.object({ container: z.string(), id: z.string(), address: z.string() }),
  title: ({ service: { name, image } }) => `start ${name} (${image}) and wait until it is healthy`,

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    if (!engine) return { before: { containers: [] } };
    const found = await findContainer(engine, nameOf(input));
    const { address } = found ?? {};
    if (found && address && (await asPlanned(engine, found, input)) && settled(found)) {
      if (await isHealthy(engine, gatedAt(address, input), ctx)) {
        return { output: { container: found.name, id: found.id, address } };
      }
    }
    const all = await containersOfService(engine, input.placed);
    return { before: { containers: all.map(({ name }) => name) } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const serving = await servingOf(engine, input.placed, ctx.host);
    await clearLeftovers(engine, input, serving);
    if (serving?.name === nameOf(input) && !(await asPlanned(engine, serving, input))) {
      await engine.getContainer(serving.id).rename({ name: `${serving.name}-before` });
      serving.name = `${serving.name}-before`;
    }
    try {
      await makeRoom(engine, input, serving, ctx);
      const address = await createIfMissing(engine, input, serving, ctx);
      await asked(nameOf(input), "The container does not start.", startIfStopped(engine, nameOf(input)));
      await passGate(engine, gatedAt(address, input), ctx);
    } catch (error) {
      await putBack(engine, input.all, ctx.host);
      throw error;
    }
    // Only now: until it is healthy, a crash shall be seen as one and not be hidden by restarts.
    await engine.getContainer(nameOf(input)).update({ RestartPolicy: { Name: "unless-stopped" } });
  },

  undo: async (input, { containers }, ctx) => {
    const engine = await engineForActing(ctx);
    const found = await findContainer(engine, nameOf(input));
    if (!found) return;
    const others = containers.filter((name) => name !== found.name);
    const left = await Promise.all(others.map((name) => findContainer(engine, name)));
    if (others.length > 0 && left.every((container) => container === undefined)) throw undoImpossible(found.name);
    await stop(engine, found.id);
    // It was there before and did not serve: then that is how it is left.
    if (others.length === containers.length) await remove(engine, found.id, { scratch: true });
    for (const name of others) await startIfStopped(engine, name);
  },
});

const nameOf = ({ placed }: Input) => placed.container;

async function asPlanned(engine: Docker, found: Seen, { spec, service, environment }: Input): Promise<boolean> {
  return (
    found.labels[labels.stack] === environment.stack &&
    found.labels[labels.spec] === spec &&
    found.image === (await imageId(engine, service.image))
  );
}

const settled = ({ status, restart }: Seen) => status === "running" && restart === "unless-stopped";

const gatedAt = (address: string, input: Input): Gated => ({
  container: nameOf(input),
  asked: { address, port: input.service.port ?? 80, path: input.service.health.path, name: input.host },
  timeoutSeconds: input.service.health.timeoutSeconds,
});

/** What an interrupted run has left, and what has our name but is made from something else: neither serves. */
async function clearLeftovers(engine: Docker, input: Input, serving: Seen | undefined): Promise<void> {
  for (const container of await containersOfService(engine, input.placed)) {
    if (container.id === serving?.id) continue;
    const begun = container.name === nameOf(input) && container.status === "running";
    if (begun && (await asPlanned(engine, container, input))) continue;
    await stop(engine, container.id);
    await remove(engine, container.id, { scratch: true });
  }
}

/** Stop-first: two of them at once would harm each other. */
async function makeRoom(engine: Docker, input: Input, serving: Seen | undefined, ctx: StageContext): Promise<void> {
  if (input.service.strategy.kind !== "stop-first" || !serving || serving.name === nameOf(input)) return;
  ctx.log(`stopping ${serving.name} first: ${input.service.strategy.why}\n`);
  await watchVisitors(input.watched, ctx);
  await stop(engine, serving.id);
}

/** Answers its address: its own where it is there already, else the one of its two that nothing serves from. */
async function createIfMissing(
  engine: Docker,
  input: Input,
  serving: Seen | undefined,
  ctx: StageContext,
): Promise<string> {
  const found = await findContainer(engine, nameOf(input));
  if (found?.address) return found.address;
  const { environment, network, spec, service } = input;
  const address = await freeAddress(engine, environment.stack, service.addresses[0] ?? ["", ""], serving);
  const body = containerBody({
    name: nameOf(input),
    image: service.image,
    stack: environment.stack,
    part: service.name,
    role: "service",
    spec,
    release: environment.release,
    network,
    address,
    alias: service.name,
    env: await readEnvironment(environment, ctx),
    mounts: service.mounts,
    memoryMegabytes: service.memoryMegabytes,
    command: service.command,
    user: service.user,
    stopSeconds: service.stopSeconds,
    restart: "no",
    ready: null,
    capabilities: [],
  });
  await asked(nameOf(input), "The container cannot be created.", engine.createContainer(body));
  return address;
}

/**
 * The one of the two that nothing of the stack runs at: a service that was renamed leaves its old one there for a while.
 * What is kept for its log is stopped, and its address is free.
 */
async function freeAddress(
  engine: Docker,
  stack: string,
  [first, second]: [string, string],
  serving: Seen | undefined,
): Promise<string> {
  const there = await containersOf(engine, stack, ["service"]);
  const running = there.filter(({ status }) => status === "running");
  const taken = [serving, ...running].map((container) => container?.address);
  return taken.includes(first) ? second : first;
}
