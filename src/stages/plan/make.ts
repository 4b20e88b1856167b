import { hashOf } from "../../kit/canonical.ts";
import type { Analysis } from "../analysis/schema.ts";
import type { Survey } from "../survey/schema.ts";
import { explain } from "./explain.ts";
import { pinnedImages, proxyImage } from "./images.ts";
import { allocate, chooseSubnet, layoutOf } from "./network.ts";
import { packagesFor } from "./packages.ts";
import { openedBy, publishedOf } from "./publish.ts";
import { refuseNothing, refuseOpenQuestions, refuseTakenNames, refuseTooMany } from "./questions.ts";
import { refuseImpossible, withoutGone } from "./refuse.ts";
import { planRouting } from "./routes.ts";
import { type Plan, Plan as PlanSchema } from "./schema.ts";
import { planService } from "./service.ts";
import { sharedImages } from "./shared-images.ts";
import { planStores } from "./stores.ts";
import { isKept, type Wishes } from "./wishes.ts";

export interface PlanInput {
  source: Plan["source"];
  analysis: Analysis;
  survey: Survey;
  wishes: Wishes;
  /** Hashes of the folders that builds get to see (`foldersOf`), but for "." whose hash the source has. */
  contexts: Readonly<Record<string, string>>;
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
 * Throws `questions_open` with all that only a person can answer, `recipe_missing`, and what `refuse.ts` refuses.
 */
export function makePlan(input: PlanInput): Plan {
  const { analysis, survey, last } = input;
  const { services } = analysis;
  refuseNothing(analysis);
  const pinned = pinnedImages(survey, input.updateImages ? null : (input.start ?? last));
  const stack = stackName(analysis, input.wishes);
  const stores = planStores(analysis, { stack, last, wishes: input.wishes, pinned });
  refuseTakenNames(analysis, stores);
  const wishes = withoutGiven(withoutGone(input.wishes, { services, stores }, last), input.given);
  refuseImpossible(wishes, { services, stores }, survey, last);
  const domain = wishes.domain ?? last?.routes.find(({ path }) => path === "/")?.host;
  const routing = planRouting(services, wishes, domain);
  const layout = layoutOf(subnetOf(input, stack));
  const replicas = services.map(({ name }) => ({ name, replicas: wishes.services?.[name]?.replicas ?? 1 }));
  refuseTooMany(analysis, replicas);
  const addresses = allocate(layout.pairs, replicas, last?.services ?? []);
  const volumeNames = new Set(stores.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
  const parts = services.map((service) =>
    planService(input, {
      stack,
      domain,
      wishes,
      pinned,
      stores,
      service,
      addresses: addresses.get(service.name) ?? [],
      published: publishedOf(service.name, wishes),
      isMain: service.name === routing.main,
      volumeNames,
    }),
  );
  refuseOpenQuestions(input, { stack, wishes, routing, parts });
  const backing = stores.map((store) => store.backing);
  const { images, planned } = sharedImages(parts);

  const { server } = survey;
  const plan = PlanSchema.parse({
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
    images,
    services: planned,
    backing,
    volumes: [...stores.flatMap(({ volumes }) => volumes), ...parts.flatMap(({ volumes }) => volumes)],
    network: { name: stack, subnet: layout.subnet, gateway: layout.gateway, ipRange: layout.ipRange },
    routes: routing.routes.map(({ host = "", path, service, strip }) => ({ host, path, service, strip })),
    tls: input.tls,
    proxy: { kind: "caddy", image: pinned(proxyImage) },
    secrets: distinct([
      ...stores.flatMap(({ secrets }) => secrets),
      ...parts.flatMap(({ environment }) => environment.secrets),
    ]),
    provision: planProvision(survey, [...planned, ...backing]),
    reasons: [],
    risks: [],
  } satisfies Plan);
  return { ...plan, ...explain(input, plan, { stores, routing }) };
}

/** Two services may read one secret. */
const distinct = (secrets: Plan["secrets"]): Plan["secrets"] =>
  secrets.filter(({ name }, n) => secrets.findIndex((one) => one.name === name) === n);

/** What a person has set as a secret since is no longer kept in clear as well. */
const withoutGiven = (wishes: Wishes, given: PlanInput["given"]): Wishes => ({
  ...wishes,
  env: Object.fromEntries(Object.entries(wishes.env).filter(([name]) => !Object.hasOwn(given, name))),
});

/** Identity of a plan: sha256 of its canonical JSON. */
export const planHash = (plan: Plan): string => hashOf(plan);

/** A stack keeps its network. One that a first apply made before it failed is not in its own way either. */
function subnetOf({ survey, last }: PlanInput, stack: string): string {
  const own = survey.server.networks.find(({ name }) => name === stack)?.subnets[0];
  return last?.network.subnet ?? own ?? chooseSubnet(takenSubnets(survey), stack);
}

const takenSubnets = ({ server }: Survey) => [...server.networks.flatMap(({ subnets }) => subnets), ...server.routes];

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

function planProvision({ server, target }: Survey, parts: Parameters<typeof openedBy>[0]): Plan["provision"] {
  // Not asked whether there is swap already: a plan must not change by having been applied. The step looks.
  const small = server.memoryMegabytes < 2048 && !server.container;
  return {
    packages: packagesFor({ ...server.os, root: target.user === "root", enginePackage: server.enginePackage }),
    swapMegabytes: small ? 2048 : 0,
    sshPorts: server.sshPorts,
    openPorts: [
      { port: 80, protocol: "tcp", why: "certificates, and the redirect to HTTPS" },
      { port: 443, protocol: "tcp", why: "HTTPS" },
      ...openedBy(parts),
    ],
  };
}
