import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { ifThere } from "../../host/docker/answers.ts";
import { byDigest } from "../../host/docker/pull.ts";
import { labels } from "../../kit/layout.ts";
import { containerBody } from "./body.ts";
import type { Seen } from "./containers.ts";
import { differencesOf, type ImageSays } from "./differences.ts";
import type { StartInput } from "./start.ts";

/** What the containers of a part are made from: their environment, and their image as the server has it (null: not at all). */
export interface Makes {
  env: string[];
  image: ({ id: string } & ImageSays) | null;
}

type Input = Pick<StartInput, "service" | "environment" | "network" | "spec">;

export async function makesOf(engine: Docker, reference: string, env: string[]): Promise<Makes> {
  const image = await ifThere(engine.getImage(byDigest(reference)).inspect());
  return { env, image: image ? { ...image.Config, id: image.Id } : null };
}

/** What the Engine is asked to create. */
export function replicaBody(
  { service, environment, network, spec }: Input,
  { name, address, env }: { name: string; address: string; env: string[] },
): ContainerCreateOptions {
  const { health, ...rest } = service;
  return containerBody({
    ...rest,
    name,
    image: byDigest(service.image),
    stack: environment.stack,
    part: service.name,
    role: "service",
    spec,
    release: environment.release,
    network,
    address,
    alias: service.name,
    env,
    restart: "no",
    ready: health.command,
  });
}

/** By its labels, and by what the Engine says of it: a label does not change with what somebody does to a container. */
export function asPlanned(found: Seen, input: Input, { env, image }: Makes): boolean {
  const { name, address, labels: marks, image: id, info } = found;
  if (marks[labels.stack] !== input.environment.stack || marks[labels.spec] !== input.spec) return false;
  if (image === null || image.id !== id || address === null) return false;
  if (!input.service.addresses.some((pair) => pair.includes(address))) return false;
  return differencesOf(replicaBody(input, { name, address, env }), info, image).length === 0;
}
