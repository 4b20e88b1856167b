import type Docker from "dockerode";
import { z } from "zod";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Service } from "../plan/schema.ts";
import { containersOf, findContainer, remove, type Seen, startIfStopped, stop } from "./containers.ts";
import { asked, engineForActing, engineIfAny } from "./engine.ts";
import { Environment, plannedEnvironment, readEnvironment } from "./environment.ts";
import { type Gated, isHealthy, passGate } from "./gate.ts";
import { beforeName } from "./names.ts";
import { portTaken } from "./port-taken.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { asPlanned, type Makes, makesOf, replicaBody } from "./replica.ts";
import { containersOfService, Placed, putBack, servingOf, Whole } from "./serving.ts";
import { undoImpossible } from "./undo.ts";

const Input = z.object({
  environment: Environment,
  network: z.string(),
  spec: z.string(),
  /** The name that it is asked by; null where it has no route. */
  host: z.string().nullable(),
  service: Service,
  placed: Placed,
  /** All that the release replaces: when one service fails, all of it stays what it was. */
  whole: Whole,
  watched: Watched,
});
export type StartInput = z.infer<typeof Input>;
type Input = StartInput;

/**
 * A release of a service, all of its replicas, beside what serves, until they are healthy. Whatever goes wrong, what served
 * before serves on: what did not become healthy is stopped and kept under another name, for its logs.
 */
export const startService = defineStep({
  kind: "deploy.start",
  effect: "change",
  input: Input,
  before: z.object({
    containers: z.array(z.string()),
    /** Of these. */
    running: z.array(z.string()),
  }),
  output: z.object({
    containers: z.array(z.object({ container: z.string(), id: z.string(), address: z.string() })),
  }),
  title: ({ service: { name, image, replicas, port } }) =>
    `start ${replicas === 1 ? "" : `${replicas} of `}${name} (${image.split("@")[0]}) and wait until ${
      port === null ? "it stays up" : `${replicas === 1 ? "it is" : "they are"} healthy`
    }`,

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    if (!engine) return { before: { containers: [], running: [] } };
    const containers = await startedOf(engine, input, ctx);
    if (containers) return { output: { containers } };
    const all = await containersOfService(engine, input.placed);
    const running = all.filter(({ status }) => status === "running");
    return { before: { containers: all.map(({ name }) => name), running: running.map(({ name }) => name) } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const { placed, whole } = input;
    const makes = await makesOf(engine, input.service.image, await readEnvironment(input.environment, ctx));
    const serving = await servingOf(engine, placed, ctx.host);
    await clearLeftovers(engine, input, makes, serving);
    await makeWay(engine, input, makes, serving);
    try {
      await stopFirst(engine, input, serving, ctx);
      for (const n of placed.containers.keys()) await startReplica(engine, input, makes, n, serving);
      for (const name of placed.containers) await passGate(engine, await gatedAt(engine, name, input), ctx);
    } catch (error) {
      await putBack(engine, whole, ctx.host);
      throw error;
    }
    // Only now: until it is healthy, a crash shall be seen as one and not be hidden by restarts.
    for (const name of placed.containers)
      await engine.getContainer(name).update({ RestartPolicy: { Name: "unless-stopped" } });
  },

  undo: async ({ placed }, { containers, running }, ctx) => {
    const engine = await engineForActing(ctx);
    const found = (await containersOfService(engine, placed)).filter(({ name }) => placed.containers.includes(name));
    if (found.length === 0) return;
    const others = containers.filter((name) => !placed.containers.includes(name));
    const left = await Promise.all(others.map((name) => findContainer(engine, name)));
    if (others.length > 0 && left.every((container) => container === undefined))
      throw undoImpossible(placed.containers.join(", "));
    for (const { id, name } of found) {
      // A replica that was there before is left as it was: it runs on, or stands still.
      if (running.includes(name)) continue;
      await stop(engine, id);
      if (!containers.includes(name)) await remove(engine, id, { scratch: true });
    }
    for (const name of others) await startIfStopped(engine, name);
  },
});

/** All replicas, each as planned, running and healthy; undefined where one of them is not. */
async function startedOf(engine: Docker, input: Input, ctx: StageContext) {
  const env = await plannedEnvironment(input.environment, ctx);
  const makes = env && (await makesOf(engine, input.service.image, env));
  if (!makes) return undefined;
  const started: { container: string; id: string; address: string }[] = [];
  for (const container of input.placed.containers) {
    const found = await findContainer(engine, container);
    if (!found?.address || !asPlanned(found, input, makes) || !isSettled(found)) return undefined;
    if (!(await isHealthy(engine, await gatedAt(engine, container, input), ctx))) return undefined;
    started.push({ container, id: found.id, address: found.address });
  }
  return started;
}

const isSettled = ({ status, restart }: Seen) => status === "running" && restart === "unless-stopped";

async function gatedAt(engine: Docker, container: string, { service, host }: Input): Promise<Gated> {
  const { port, health } = service;
  const address = (await findContainer(engine, container))?.address ?? "";
  return {
    container,
    asked: port === null ? null : { address, port, path: health.path, name: host },
    command: health.command !== null,
    timeoutSeconds: health.timeoutSeconds,
  };
}

/** What an interrupted run has left, and what has our name but is made from something else: neither serves. */
async function clearLeftovers(engine: Docker, input: Input, makes: Makes, serving: readonly Seen[]): Promise<void> {
  for (const container of await containersOfService(engine, input.placed)) {
    if (serving.some(({ id }) => id === container.id)) continue;
    const begun = input.placed.containers.includes(container.name) && container.status === "running";
    if (begun && asPlanned(container, input, makes)) continue;
    await stop(engine, container.id);
    await remove(engine, container.id, { scratch: true });
  }
}

/** What serves under a planned name and is not as planned gives the name away, and serves on until the switch. */
async function makeWay(engine: Docker, input: Input, makes: Makes, serving: readonly Seen[]): Promise<void> {
  for (const container of serving) {
    if (!input.placed.containers.includes(container.name) || asPlanned(container, input, makes)) continue;
    const name = beforeName(container.name);
    await engine.getContainer(container.id).rename({ name });
    container.name = name;
  }
}

/** Two makes of it at once would harm each other, or want the same port of the server. */
async function stopFirst(engine: Docker, input: Input, serving: readonly Seen[], ctx: StageContext): Promise<void> {
  const { service, placed, watched } = input;
  const replaced = serving.filter(({ name, status }) => !placed.containers.includes(name) && status === "running");
  if (service.strategy.kind !== "stop-first" || replaced.length === 0) return;
  await watchVisitors(watched, ctx);
  for (const { id, name } of replaced) {
    ctx.log(`stopping ${name} first: ${service.strategy.why}\n`);
    await stop(engine, id);
  }
}

async function startReplica(
  engine: Docker,
  input: Input,
  makes: Makes,
  n: number,
  serving: readonly Seen[],
): Promise<void> {
  const { placed, service, environment } = input;
  const name = placed.containers[n] ?? "";
  if (!(await findContainer(engine, name))) {
    const pair = service.addresses[n];
    if (!pair) throw new RangeError(`no addresses for replica ${n + 1} of ${service.name}`);
    const address = await freeAddress(engine, environment.stack, pair, serving);
    const body = replicaBody(input, { name, address, env: makes.env });
    await asked(name, "The container cannot be created.", engine.createContainer(body));
  }
  try {
    await asked(name, "The container does not start.", startIfStopped(engine, name));
  } catch (error) {
    throw portTaken(name, service.published, error);
  }
}

/**
 * The one of the two that nothing of the stack runs at: a service that was renamed leaves its old one there for a while.
 * What is kept for its log is stopped, and its address is free.
 */
async function freeAddress(
  engine: Docker,
  stack: string,
  [first, second]: [string, string],
  serving: readonly Seen[],
): Promise<string> {
  const there = await containersOf(engine, stack, ["service"]);
  const running = there.filter(({ status }) => status === "running");
  const taken = [...serving, ...running].map((container) => container.address);
  return taken.includes(first) ? second : first;
}
