import { hashOf } from "../../kit/canonical.ts";
import type { Service as AnalysedService, Analysis } from "../analysis/schema.ts";
import type { Survey } from "../survey/schema.ts";
import { backingKinds } from "./backing/index.ts";
import { explain } from "./explain.ts";
import { chooseSubnet, layoutOf } from "./network.ts";
import { packagesFor } from "./packages.ts";
import { refuseNothing, refuseOpenQuestions, refuseTakenNames, refuseTooMany } from "./questions.ts";
import { recipeFor } from "./recipes/index.ts";
import { type Plan, Plan as PlanSchema } from "./schema.ts";
import { planService } from "./service.ts";
import { isKept, type Wishes } from "./wishes.ts";

export interface PlanInput {
  source: Plan["source"];
  analysis: Analysis;
  survey: Survey;
  wishes: Wishes;
  /** Hashes of the folders that builds get to see (`foldersOf`), but for "." whose hash the source has. */
  contexts: Readonly<Record<string, string>>;
  /** The texts of the services' own Dockerfiles, by the path that the analysis has. */
  dockerfiles: Dockerfiles;
  /** Fingerprints of the secrets that a person has set for this stack, by name. */
  given: Readonly<Record<string, string>>;
  tls: Plan["tls"];
  /** sha256 of the CA bundle that build steps need; null where none is configured. */
  caBundle: string | null;
  /** What was last applied of this stack. */
  last: Plan | null;
  /** A plan that was never applied and is changed by this one. */
  start: Plan | null;
  /** Takes the newest images under the planned names instead of those of `start`, or those last applied. */
  updateImages: boolean;
}

/** The proxy that every stack gets, under its usual name. */
const proxyImage = "caddy:2";

/** The text of a service's own Dockerfile, where it has one. */
export const ownOf = ({ dockerfile }: AnalysedService, dockerfiles: Dockerfiles): string | null =>
  dockerfile === null ? null : (dockerfiles[dockerfile] ?? null);

export type Dockerfiles = Readonly<Record<string, string>>;

/** The folders of the source that builds of this analysis get to see. */
export const foldersOf = (analysis: Analysis): string[] => [
  ...new Set(analysis.services.map((service) => recipeFor(service).folder(service))),
];

/** The images that a plan of this analysis starts from, under their usual names: the survey finds what they are today. */
export function imagesOf(analysis: Analysis, dockerfiles: Dockerfiles): string[] {
  const bases = analysis.services.flatMap((service) => recipeFor(service).bases(service, ownOf(service, dockerfiles)));
  const backing = neededKinds(analysis).map(({ kind, version }) => kind.image(version));
  return [...new Set([...bases, ...backing, proxyImage])].sort();
}

/** The stack's name: wished, else after the source, as a DNS label. */
export const stackName = (analysis: Pick<Analysis, "name">, wishes: Pick<Wishes, "stack">): string =>
  wishes.stack ??
  unkept(
    analysis.name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^[^a-z]+|-+$/g, "")
      .slice(0, 40)
      .replace(/-+$/, "") || "app",
  );

const unkept = (name: string) => (isKept(name) ? `${name}-app` : name);

/**
 * The whole desired state, as plain data: the same input gives the same bytes, on any machine.
 * Throws `questions_open` with all that only a person can answer, and `recipe_missing`.
 */
export function makePlan(input: PlanInput): Plan {
  const { analysis, survey, last } = input;
  refuseNothing(analysis);
  const wishes = withoutGiven(input);
  const stack = stackName(analysis, wishes);
  const domain = wishes.domain ?? last?.routes[0]?.host;
  const pinned = pinnedImages(input);
  const provided = neededKinds(analysis).map(({ kind, version }) =>
    kind.provide({ stack, image: pinned(kind.image(version)), name: kind.datastore }),
  );
  refuseTooMany(analysis);
  refuseTakenNames(analysis, provided);
  const volumeNames = new Set(provided.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
  const layout = layoutOf(subnetOf(input, stack));
  const routed = routedService(analysis);
  const parts = analysis.services.map((service, n) =>
    planService(input, {
      stack,
      domain: domain ?? "",
      pinned,
      provided,
      service,
      addresses: layout.addresses(n),
      routed: service === routed,
      volumeNames,
    }),
  );
  refuseOpenQuestions(input, stack, domain, parts);

  const { server } = survey;
  return PlanSchema.parse({
    version: 1,
    stack,
    wishes,
    source: input.source,
    server: {
      ...survey.target,
      hostKey: survey.hostKey,
      os: PlanSchema.shape.server.shape.os.parse(server.os),
      architecture: server.architecture,
    },
    build: planBuild(input),
    images: parts.map(({ image }) => image),
    services: parts.map(({ planned }) => planned),
    backing: provided.map(({ backing }) => backing),
    volumes: [...provided.flatMap(({ volumes }) => volumes), ...parts.flatMap(({ volumes }) => volumes)],
    network: { name: stack, subnet: layout.subnet, gateway: layout.gateway, ipRange: layout.ipRange },
    routes: routed && domain ? [{ host: domain, path: "/", service: routed.name, strip: false }] : [],
    tls: input.tls,
    proxy: { kind: "caddy", image: pinned(proxyImage) },
    secrets: [
      ...provided.flatMap(({ secrets }) => secrets),
      ...parts.flatMap(({ environment }) => environment.secrets),
    ],
    provision: planProvision(survey),
    ...explain(
      input,
      stack,
      parts.map(({ planned }) => planned),
      provided.map(({ backing }) => backing),
    ),
  } satisfies Plan);
}

/** What a person has set as a secret since is no longer kept in clear as well. */
const withoutGiven = ({ wishes, given }: PlanInput): Wishes => ({
  ...wishes,
  env: Object.fromEntries(Object.entries(wishes.env).filter(([name]) => !Object.hasOwn(given, name))),
});

/** Identity of a plan: sha256 of its canonical JSON. */
export const planHash = (plan: Plan): string => hashOf(plan);

/** What is applied stays as it is until a person asks for newer images: a moved tag must not restart a database. */
function pinnedImages({ survey, last, start, updateImages }: PlanInput) {
  const kept = updateImages ? null : (start ?? last);
  const known = kept
    ? [kept.proxy.image, ...kept.backing.map(({ image }) => image), ...kept.images.flatMap(({ bases }) => bases)]
    : [];
  return (name: string): string => {
    const pinned = known.find((reference) => reference.startsWith(`${name}@`)) ?? survey.images[name];
    if (!pinned) throw new Error(`the survey did not look up ${name}`);
    return pinned;
  };
}

function neededKinds({ datastores }: Analysis) {
  return datastores
    .filter(({ required }) => required)
    .flatMap(({ name, version }) =>
      backingKinds.filter(({ datastore }) => datastore === name).map((kind) => ({ kind, version })),
    );
}

/** A stack keeps its network. One that a first apply made before it failed is not in its own way either. */
function subnetOf({ survey, last }: PlanInput, stack: string): string {
  const own = survey.server.networks.find(({ name }) => name === stack)?.subnets[0];
  return last?.network.subnet ?? own ?? chooseSubnet(takenSubnets(survey), stack);
}

const takenSubnets = ({ server }: Survey) => [...server.networks.flatMap(({ subnets }) => subnets), ...server.routes];

const routedService = ({ services }: Analysis) =>
  services.find(({ kind }) => kind === "web" || kind === "frontend") ?? services.find(({ port }) => port !== null);

function planBuild({ survey: { builder, server }, caBundle }: PlanInput): Plan["build"] {
  const here = builder?.architecture === server.architecture;
  return {
    on: here ? "here" : "server",
    why: here
      ? `an Engine of the server's architecture (${server.architecture}) answers on this machine`
      : builder
        ? `the Engine on this machine is ${builder.architecture}, the server is ${server.architecture}`
        : "no Docker Engine answers on this machine",
    platform: `linux/${server.architecture}`,
    caBundle,
  };
}

function planProvision({ server, target }: Survey): Plan["provision"] {
  // Not asked whether there is swap already: a plan must not change by having been applied. The step looks.
  const small = server.memoryMegabytes < 2048 && !server.container;
  return {
    packages: packagesFor({ ...server.os, root: target.user === "root", enginePackage: server.enginePackage }),
    swapMegabytes: small ? 2048 : 0,
    sshPorts: server.sshPorts,
    openPorts: [
      { port: 80, protocol: "tcp", why: "certificates, and the redirect to HTTPS" },
      { port: 443, protocol: "tcp", why: "HTTPS" },
    ],
  };
}
