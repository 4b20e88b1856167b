import { hashOf } from "../../kit/canonical.ts";
import { partName } from "../../kit/layout.ts";
import type { Service as AnalysedService } from "../analysis/schema.ts";
import { beginsAsRoot, rootCapabilities } from "./capabilities.ts";
import { type PlannedEnvironment, planEnvironment } from "./environment.ts";
import { planHealth } from "./health.ts";
import { withTag } from "./images.ts";
import type { PlanInput } from "./make.ts";
import type { Pair } from "./network.ts";
import { portOf } from "./ports.ts";
import { recipeFor } from "./recipes/index.ts";
import type { Image, Published, Service } from "./schema.ts";
import { dependenciesOf, type PlannedStore } from "./stores.ts";
import { planStrategy } from "./strategy.ts";
import type { Wishes } from "./wishes.ts";
import { type PlannedWritable, planWritable } from "./writable.ts";

export interface ServiceInput {
  stack: string;
  domain: string | undefined;
  wishes: Wishes;
  pinned(name: string): string;
  stores: readonly PlannedStore[];
  service: AnalysedService;
  addresses: Pair[];
  published: Published[];
  /** Wishes for the stack that name no service are meant for this one. */
  isMain: boolean;
  /** Names of the stack's volumes so far. */
  volumeNames: Set<string>;
}

export interface PlannedService {
  planned: Service;
  /** None where it is pulled from a registry. */
  image: Image | undefined;
  volumes: { name: string; holds: string }[];
  environment: PlannedEnvironment;
}

/** What runs of a service: built out of the source by a recipe, or pulled as it is. */
interface Program {
  reference: string;
  image: Image | undefined;
  user: string | null;
  memoryMegabytes: number;
  capabilities: string[];
  /** What it answers, whatever the source says. */
  healthPath: string | null;
}

/** One service of the plan, with the image that it runs and what it needs to be there. */
export function planService(input: PlanInput, given: ServiceInput): PlannedService {
  const { analysis } = input;
  const { stack, wishes, stores, service, isMain } = given;
  const { name } = service;
  const wished = wishes.services?.[name] ?? {};
  const port = portOf(service, wishes, isMain);
  const writable = planWritable(stack, service, workdirOf(service), given.volumeNames);
  const environment = planEnvironment({
    analysis,
    service,
    port,
    domain: given.domain,
    wishes,
    stores,
    given: input.given,
    writableFrom: writable.env,
  });
  const program = service.image === null ? built(input, given, { port, writable, environment }) : pulled(given);
  const replicas = given.addresses.length;
  const planned: Service = {
    name,
    image: program.reference,
    port,
    entrypoint: service.entrypoint ?? null,
    command: service.command,
    releaseCommand: service.release === null ? null : ["sh", "-c", service.release],
    user: program.user,
    env: environment.env,
    mounts: writable.mounts,
    published: given.published,
    health: planHealth(withHealthPath(service, program), port, isMain ? wishes : {}),
    replicas,
    memoryMegabytes: wished.memoryMegabytes ?? (isMain ? wishes.memoryMegabytes : undefined) ?? program.memoryMegabytes,
    cpus: wished.cpus ?? null,
    capabilities: beginsAsRoot(program.user) ? rootCapabilities : program.capabilities,
    strategy: planStrategy(service, {
      wished: wished.strategy,
      replicas,
      published: given.published,
      alone: writable.alone,
    }),
    addresses: given.addresses,
    stopSeconds: 10,
    dependsOn: dependenciesOf([...service.depends_on, ...referredTo(environment)], analysis.services, stores).filter(
      (other) => other !== name,
    ),
  };
  return { planned, image: program.image, volumes: writable.volumes, environment };
}

function built(
  { source, caBundle, contexts }: PlanInput,
  { stack, service, pinned }: ServiceInput,
  { port, writable, environment }: { port: number | null; writable: PlannedWritable; environment: PlannedEnvironment },
): Program {
  const recipe = recipeFor(service);
  const folder = recipe.folder(service);
  const args = { ...service.own_build?.args, ...environment.args };
  const dockerfile = recipe.dockerfile({
    service,
    port,
    pinned,
    ca: caBundle?.slice(0, 12) ?? null,
    writable: writable.mounts.map(({ path }) => path),
    args,
  });
  const content = {
    dockerfile,
    folder,
    context: folder === "." ? source.contentHash : (contexts[folder] ?? unread(folder)),
    args,
    bases: recipe.bases(service).map(pinned),
  };
  const repository = `berth/${partName(stack, service.name)}`;
  const image: Image = { service: service.name, repository, tag: hashOf(content).slice(0, 16), ...content };
  return {
    reference: `${repository}:${image.tag}`,
    image,
    user: service.user ?? recipe.user(service),
    memoryMegabytes: recipe.memoryMegabytes,
    capabilities: [...(recipe.capabilities ?? [])],
    healthPath: recipe.healthPath ?? null,
  };
}

const pulled = ({ service, pinned }: ServiceInput): Program => ({
  reference: pinned(withTag(service.image ?? "")),
  image: undefined,
  user: service.user ?? null,
  memoryMegabytes: 512,
  capabilities: [],
  healthPath: null,
});

const withHealthPath = (service: AnalysedService, { healthPath }: Program): AnalysedService => ({
  ...service,
  health_path: service.health_path ?? healthPath,
});

const workdirOf = (service: AnalysedService) => (service.image === null ? recipeFor(service).workdir(service) : "/");

const referredTo = ({ env }: PlannedEnvironment) =>
  Object.values(env).flatMap((source) => (source.from === "reference" ? [source.to] : []));

function unread(folder: string): never {
  throw new Error(`nobody read what lies in ${folder}`);
}
