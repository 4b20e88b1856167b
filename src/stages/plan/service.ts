import { hashOf } from "../../kit/canonical.ts";
import { partName } from "../../kit/layout.ts";
import type { Service as AnalysedService } from "../analysis/schema.ts";
import type { Provided } from "./backing/backing.ts";
import { type PlannedEnvironment, planEnvironment } from "./environment.ts";
import { ownOf, type PlanInput } from "./make.ts";
import { recipeFor } from "./recipes/index.ts";
import type { Image, Service } from "./schema.ts";
import type { Wishes } from "./wishes.ts";
import { planWritable } from "./writable.ts";

export interface ServiceInput {
  stack: string;
  domain: string;
  pinned: (name: string) => string;
  provided: readonly Provided[];
  service: AnalysedService;
  addresses: [string, string];
  routed: boolean;
  /** Names of the stack's volumes so far. */
  volumeNames: Set<string>;
}

export interface PlannedService {
  planned: Service;
  image: Image;
  volumes: { name: string; holds: string }[];
  environment: PlannedEnvironment;
}

/** One service of the plan, with the image that it runs and what it needs to be there. */
export function planService(
  input: PlanInput,
  { stack, domain, pinned, provided, service, addresses, routed, volumeNames }: ServiceInput,
): PlannedService {
  const { analysis, wishes, given, source, caBundle } = input;
  const recipe = recipeFor(service);
  const own = ownOf(service, input.dockerfiles);
  const folder = recipe.folder(service);
  const port = (routed ? wishedPort(service, wishes) : undefined) ?? service.port ?? 3000;
  const writable = planWritable(stack, service, recipe.workdir(service, own), volumeNames);
  const environment = planEnvironment({
    analysis,
    service,
    port,
    domain,
    wishes,
    provided,
    given,
    writableFrom: writable.env,
  });
  const dockerfile = recipe.dockerfile({
    service,
    port,
    pinned,
    ca: caBundle?.slice(0, 12) ?? null,
    writable: writable.mounts.map(({ path }) => path),
    own,
    args: {},
  });
  const content = {
    dockerfile,
    folder,
    context: folder === "." ? source.contentHash : (input.contexts[folder] ?? unread(folder)),
    args: {},
    bases: recipe.bases(service, own).map(pinned),
  };
  const image: Image = {
    service: service.name,
    repository: `berth/${partName(stack, service.name)}`,
    tag: hashOf(content).slice(0, 16),
    ...content,
  };
  const planned: Service = {
    name: service.name,
    image: `${image.repository}:${image.tag}`,
    port,
    entrypoint: null,
    command: null,
    releaseCommand: service.release === null ? null : ["sh", "-c", service.release],
    user: recipe.user(service, own),
    env: environment.env,
    mounts: writable.mounts,
    published: [],
    health: planHealth(service, routed ? wishes : {}),
    replicas: 1,
    memoryMegabytes: (routed ? wishes.memoryMegabytes : undefined) ?? 512,
    cpus: null,
    capabilities: [],
    strategy: writable.strategy,
    addresses: [addresses],
    stopSeconds: 10,
    dependsOn: service.depends_on.filter((name) =>
      [...analysis.services, ...provided.map(({ backing }) => backing)].some((other) => other.name === name),
    ),
  };
  return { planned, image, volumes: writable.volumes, environment };
}

function unread(folder: string): never {
  throw new Error(`nobody read what lies in ${folder}`);
}

/** Who sets the variable that moves the port, or PORT where the code shows none, says where the service listens. */
export function wishedPort({ port_env }: AnalysedService, { env }: PlanInput["wishes"]): number | undefined {
  const port = Number(env[port_env ?? "PORT"]);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}

function planHealth(
  { health_path, evidence }: AnalysedService,
  { healthPath, healthSeconds: timeoutSeconds = 60 }: Partial<Wishes>,
): Service["health"] {
  if (healthPath) return { path: healthPath, command: null, timeoutSeconds, why: "wished" };
  const at = evidence["health_path"]?.[0];
  if (health_path)
    return {
      path: health_path,
      command: null,
      timeoutSeconds,
      why: at ? `${at.file}:${at.line}` : "found in the source",
    };
  return { path: null, command: null, timeoutSeconds, why: "no health path was found, so an open port has to do" };
}
