import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { ifThere, wordsOf } from "../../../host/docker/answers.ts";
import { ask } from "../../../host/docker/exec.ts";
import { lastLines } from "../../../host/docker/logs.ts";
import { byDigest, pull } from "../../../host/docker/pull.ts";
import { BerthError } from "../../../kit/error.ts";
import { labels } from "../../../kit/layout.ts";
import { until } from "../../../kit/wait.ts";
import type { StageContext } from "../../context.ts";
import type { Backing } from "../../plan/schema.ts";
import { environment } from "./values.ts";

/** A network without a way out, with the backing services that an application needs, made to try one image. */
export interface World {
  /** Also the network's name, and how the names of its containers begin. */
  name: string;
  values: ReadonlyMap<string, string>;
}

type Ctx = Pick<StageContext, "log" | "signal">;

/** Opens the world of that name, after what an earlier try that was cut off may have left. */
export async function openWorld(engine: Docker, world: World, backing: readonly Backing[], ctx: Ctx): Promise<void> {
  await closeWorld(engine, world.name);
  try {
    await engine.createNetwork({ Name: world.name, Internal: true, Labels: trialLabels(world.name) });
  } catch (error) {
    throw unusable(world.name, "The Engine makes no network to try the image in.", wordsOf(error));
  }
  for (const service of backing) await startBacking(engine, world, service, ctx);
}

/** Removes all of it, by label: containers with their nameless volumes, then the network. */
export async function closeWorld(engine: Docker, name: string): Promise<void> {
  const filters = { label: [`${labels.trial}=${name}`] };
  for (const { Id } of await engine.listContainers({ all: true, filters }))
    await ifThere(engine.getContainer(Id).remove({ force: true, v: true }));
  for (const { Id } of await engine.listNetworks({ filters })) await ifThere(engine.getNetwork(Id).remove());
}

/** Removes the worlds in which a build that was cut off has tried an image: it cannot go before the containers that are made of it. */
export async function closeWorldsOf(engine: Docker, image: string): Promise<void> {
  const made = await engine.listContainers({ all: true, filters: { ancestor: [image], label: [labels.trial] } });
  const names = new Set(made.flatMap(({ Labels }) => Labels[labels.trial] ?? []));
  for (const name of names) await closeWorld(engine, name);
}

/** Creates and starts a container in the world; answers its id. */
export async function startIn(
  engine: Docker,
  world: World,
  alias: string,
  body: ContainerCreateOptions,
): Promise<string> {
  const container = await engine.createContainer({
    ...body,
    name: `${world.name}-${alias}`,
    Labels: trialLabels(world.name),
    HostConfig: { ...body.HostConfig, NetworkMode: world.name, SecurityOpt: ["no-new-privileges"] },
    NetworkingConfig: { EndpointsConfig: { [world.name]: { Aliases: [alias] } } },
  });
  await container.start();
  return container.id;
}

const trialLabels = (name: string) => ({ [labels.trial]: name });

const readyWithinSeconds = 90;

async function startBacking(engine: Docker, world: World, service: Backing, ctx: Ctx): Promise<void> {
  await pull(engine, service.image, ctx);
  const id = await startIn(engine, world, service.name, {
    Image: byDigest(service.image),
    Env: environment(service.env, world.values),
    ...(service.command === null ? {} : { Cmd: service.command }),
    Volumes: Object.fromEntries(service.mounts.map(({ path }) => [path, {}])),
    HostConfig: { Memory: service.memoryMegabytes * 1024 * 1024 },
  });
  const ready = await until(async () => ((await ask(engine, id, service.ready)).code === 0 ? true : undefined), {
    timeoutMs: readyWithinSeconds * 1000,
    signal: ctx.signal,
  });
  if (!ready) {
    const said = (await lastLines(engine, id)) || "It printed nothing.";
    throw unusable(service.name, `${service.name} does not start to try the image with.`, said);
  }
}

const unusable = (object: string, message: string, cause: string) =>
  new BerthError({
    code: "trial_impossible",
    message,
    object,
    cause,
    next: "Look at the Engine that builds (docker info, docker network ls), then run the command again.",
  });
