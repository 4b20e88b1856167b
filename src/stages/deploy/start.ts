import type Docker from "dockerode";
import { z } from "zod";
import { labels } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Service } from "../plan/schema.ts";
import { containerBody } from "./body.ts";
import { containersOf, findContainer, imageId, remove, type Seen, stop } from "./containers.ts";
import { asked, engineForActing, engineIfAny } from "./engine.ts";
import { Environment, readEnvironment } from "./environment.ts";
import { type Gated, isHealthy, passGate } from "./gate.ts";
import { failedContainer, serviceContainer } from "./names.ts";
import { servingOf } from "./serving.ts";

const Input = z.object({
  environment: Environment,
  network: z.string(),
  spec: z.string(),
  /** The name that it is asked by; null where it has no route. */
  host: z.string().nullable(),
  /** What the proxy reads to find the container that serves; null where it has no route. */
  upstreamFile: z.string().nullable(),
  service: Service,
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
    const others = await containersOf(engine, input.environment.stack, ["service"]);
    return { before: { containers: others.filter(isOf(input)).map(({ name }) => name) } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const serving = await servingOf(engine, input.environment, input.upstreamFile, ctx.host);
    await clearLeftovers(engine, input, serving);
    const found = await findContainer(engine, nameOf(input));
    const address = found?.address ?? freeAddress(input, serving);
    const stopped = await makeRoom(engine, input, serving, ctx);
    try {
      if (!found) await create(engine, input, address, ctx);
      await asked(nameOf(input), "The container does not start.", startIfStopped(engine, nameOf(input)));
      await passGate(engine, gatedAt(address, input), ctx);
    } catch (error) {
      if (serving?.name !== nameOf(input)) await setAside(engine, input);
      if (stopped) await engine.getContainer(stopped.id).start();
      throw error;
    }
    // Only now: until it is healthy, a crash shall be seen as one and not be hidden by restarts.
    await engine.getContainer(nameOf(input)).update({ RestartPolicy: { Name: "unless-stopped" } });
  },

  undo: async (input, { containers }, ctx) => {
    const engine = await engineForActing(ctx);
    const found = await findContainer(engine, nameOf(input));
    if (found && !containers.includes(found.name)) {
      await stop(engine, found.id);
      await remove(engine, found.id, { scratch: true });
    }
    for (const name of containers) await startIfStopped(engine, name);
  },
});

const nameOf = ({ environment, service, spec }: Input) => serviceContainer(environment.stack, service.name, spec);

const isOf =
  ({ environment, service }: Input) =>
  ({ name, labels: marks }: Seen) =>
    marks[labels.service] === service.name && name !== failedContainer(environment.stack, service.name);

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
  asked: { address, port: input.service.port, path: input.service.health.path, name: input.host },
  timeoutSeconds: input.service.health.timeoutSeconds,
});

/** What an interrupted run has left, and what has our name but is made from something else: neither serves. */
async function clearLeftovers(engine: Docker, input: Input, serving: Seen | undefined): Promise<void> {
  const ours = await containersOf(engine, input.environment.stack, ["service"]);
  for (const container of ours.filter(isOf(input))) {
    if (container.id === serving?.id) continue;
    if (container.name === nameOf(input) && (await asPlanned(engine, container, input))) continue;
    await stop(engine, container.id);
    await remove(engine, container.id, { scratch: true });
  }
}

const freeAddress = ({ service: { addresses } }: Input, serving: Seen | undefined): string =>
  serving?.address === addresses[0] ? addresses[1] : addresses[0];

/** Stop-first: two of them at once would harm each other. The one that served is started again if the new one fails. */
async function makeRoom(
  engine: Docker,
  input: Input,
  serving: Seen | undefined,
  ctx: StageContext,
): Promise<Seen | undefined> {
  if (input.service.strategy.kind !== "stop-first" || !serving || serving.name === nameOf(input)) return undefined;
  ctx.log(`stopping ${serving.name} first: ${input.service.strategy.why}\n`);
  await stop(engine, serving.id);
  return serving;
}

async function create(engine: Docker, input: Input, address: string, ctx: StageContext): Promise<void> {
  const { environment, network, spec, service } = input;
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
    capabilities: [],
  });
  await asked(nameOf(input), "The container cannot be created.", engine.createContainer(body));
}

async function startIfStopped(engine: Docker, name: string): Promise<void> {
  const found = await findContainer(engine, name);
  if (found && found.status !== "running") await engine.getContainer(found.id).start();
}

async function setAside(engine: Docker, input: Input): Promise<void> {
  const failed = await findContainer(engine, nameOf(input));
  if (!failed) return;
  await stop(engine, failed.id);
  const name = failedContainer(input.environment.stack, input.service.name);
  const earlier = await findContainer(engine, name);
  if (earlier) await remove(engine, earlier.id, { scratch: true });
  await engine.getContainer(failed.id).rename({ name });
}
