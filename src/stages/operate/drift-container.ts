import type Docker from "dockerode";
import type { ContainerInspectInfo } from "dockerode";
import { z } from "zod";
import { ifThere } from "../../host/docker/answers.ts";
import { byDigest } from "../../host/docker/pull.ts";
import { labels } from "../../kit/layout.ts";
import type { StepCall } from "../../run/step.ts";
import type { StageContext } from "../context.ts";
import { findContainer } from "../deploy/containers.ts";
import { Environment, plannedEnvironment } from "../deploy/environment.ts";
import { backingContainer } from "../deploy/names.ts";
import { differingNames } from "./drift-environment.ts";

/** A part of the plan: the containers that it shall run in, and what they are made from. */
export interface Expected {
  part: string;
  containers: string[];
  image: string;
  spec: string;
  environment: Environment;
}

const Common = z.object({ environment: Environment, spec: z.string() });
const Service = Common.extend({
  service: z.object({ name: z.string(), image: z.string() }),
  placed: z.object({ containers: z.array(z.string()) }),
});
const Backing = Common.extend({ backing: z.object({ name: z.string(), image: z.string() }) });

/** Pure: as the steps that start them would make them. */
export function expectedIn(calls: readonly StepCall[]): Expected[] {
  return calls.flatMap(({ kind, input }): Expected[] => {
    if (kind === "deploy.start") {
      const { service, placed, spec, environment } = Service.parse(input);
      return [{ part: service.name, containers: placed.containers, image: byDigest(service.image), spec, environment }];
    }
    if (kind !== "deploy.backing") return [];
    const { backing, spec, environment } = Backing.parse(input);
    const containers = [backingContainer(environment.stack, backing.name)];
    return [{ part: backing.name, containers, image: byDigest(backing.image), spec, environment }];
  });
}

/** What is otherwise of one container than the plan says. */
export async function containerDrift(
  engine: Docker,
  name: string,
  { part, image, spec, environment }: Expected,
  ctx: StageContext,
): Promise<string[]> {
  const found = await findContainer(engine, name);
  if (!found) return [`container ${name} of ${part} is not there`];
  const { State, Config, Image } = found.info;
  const differences = [stateDrift(name, State)];
  if (found.labels[labels.stack] !== environment.stack || found.labels[labels.spec] !== spec)
    differences.push(`container ${name} was not made by this plan`);
  const planned = await ifThere(engine.getImage(image).inspect());
  if (planned && planned.Id !== Image) differences.push(`${name} runs another image than planned`);
  const wanted = await plannedEnvironment(environment, ctx);
  if (wanted === undefined) differences.push(`a secret of ${part} is not on the server any more`);
  else differences.push(environmentDrift(name, { wanted, image: planned?.Config.Env ?? [], seen: Config.Env ?? [] }));
  return differences.filter((one) => one !== undefined);
}

/** Pure. */
export function stateDrift(name: string, state: ContainerInspectInfo["State"]): string | undefined {
  const { Status, ExitCode, OOMKilled } = state;
  if (Status === "running") return undefined;
  if (Status === "paused") return `container ${name} is paused`;
  if (Status === "created") return `container ${name} was never started`;
  const how = `exited ${ExitCode}${OOMKilled ? ", out of memory" : ""}`;
  if (Status === "restarting") return `container ${name} is started again and again (${how})`;
  return `container ${name} is stopped (${how})`;
}

/** Pure. The names alone: values may be secrets. */
export function environmentDrift(
  name: string,
  { wanted, image, seen }: { wanted: readonly string[]; image: readonly string[]; seen: readonly string[] },
): string | undefined {
  const planned = new Map([...image, ...wanted].map(split));
  const names = differingNames(planned, new Map(seen.map(split)));
  return names === undefined ? undefined : `${name} runs with another environment than planned: ${names}`;
}

const split = (entry: string): [string, string] => {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
};
