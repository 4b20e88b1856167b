import type { Service as AnalysedService, Analysis } from "../analysis/schema.ts";
import { beginsAsRoot } from "./capabilities.ts";
import type { PlanInput } from "./make.ts";
import { closedPorts } from "./publish.ts";
import { recipeFor } from "./recipes/index.ts";
import type { Routing } from "./routes.ts";
import type { Plan, Service } from "./schema.ts";
import type { PlannedStore } from "./stores.ts";

type Sentence = Plan["risks"][number];

/** Why the plan is as it is, and what it may cost, in sentences for the person who approves it. */
export function explain(
  { analysis, survey }: PlanInput,
  plan: Plan,
  { stores, routing }: { stores: readonly PlannedStore[]; routing: Routing },
): Pick<Plan, "reasons" | "risks"> {
  const { services, stack } = plan;
  const closed = closedPorts(analysis, stores, plan);
  const reasons = [
    ...services.flatMap((service) => aboutService(service, analysis)),
    ...routing.routes
      .filter(({ path }) => path !== "/")
      .map(({ path, service, why }) => ({ about: `${service}.route`, text: `${path}: ${why}` })),
    ...closed.reasons,
  ];
  const risks = [
    // The analysis asks about what its source would start beside its services.
    ...analysis.questions
      .filter(({ about }) => about.startsWith("processes."))
      .map(({ about, why }) => ({ about, text: `It will not run: ${why}.` })),
    ...analysis.questions
      .filter(({ about, required }) => about.startsWith("compose.") && !required)
      .map(({ about, why }) => ({ about: about.split(".")[1] ?? about, text: `${why}.` })),
    ...services
      .filter(({ strategy }) => strategy.kind === "stop-first")
      .map(({ name, strategy }) => ({ about: name, text: `A release stops it for some seconds: ${strategy.why}.` })),
    ...services
      .filter(
        ({ name, user }) => beginsAsRoot(user) && analysis.services.some((one) => one.name === name && one.own_build),
      )
      .map(({ name }) => ({ about: name, text: "It may begin as root: its Dockerfile names no other user." })),
    ...closed.risks,
    ...unrouted(analysis, plan),
    ...analysis.services
      .filter((service) => service.dockerfile !== null && service.image === null && recipeFor(service).name !== "own")
      .map(({ name, dockerfile }) => ({
        about: name,
        text: `Its own ${dockerfile} is not used yet; the Dockerfile below is.`,
      })),
    ...secretsInClear(analysis, services).map((name) => ({
      about: name,
      text: `It looks like a secret, and this plan holds its value in clear; better: berth secrets set ${name} --stack ${stack}`,
    })),
    ...severalOfAKind(stores),
    // What is true of this plan before what is true of each: a short view shows the first alone.
    ...analysis.datastores
      .filter(({ required, name }) => required && !stores.some(({ backing }) => backing.kind === name))
      .map(({ name }) => ({ about: name, text: "The source needs it, and nothing in the plan provides it." })),
    ...unreached(analysis, services).map((name) => ({
      about: name,
      text: "The source can use it, and nothing in the plan provides it or says where it is.",
    })),
    ...tooMuchMemory(survey.server, plan),
    { about: "server", text: `Password login, and every port but SSH, ${openedText(plan)}, is closed from outside.` },
    { about: "server", text: "Containers on it reach the server's own services no longer, name resolution apart." },
    ...survey.server.firewalls.map((firewall) => ({
      about: "server",
      text: `${firewall} is active and stays in charge: what Docker publishes goes past it, as it did before.`,
    })),
  ];
  return { reasons, risks };
}

/** `80 and 443` */
function openedText({ provision: { openPorts } }: Plan): string {
  const ports = openPorts.map(({ port, protocol }) => (protocol === "udp" ? `${port}/udp` : `${port}`));
  return `${ports.slice(0, -1).join(", ")} and ${ports.at(-1)}`;
}

function aboutService({ name, strategy, port, health }: Service, { services }: Analysis): Sentence[] {
  const found = services.find((service) => service.name === name);
  const at = found?.evidence["port"]?.[0];
  const isFiles = found !== undefined && found.image === null && recipeFor(found).port !== null;
  const place = isFiles ? "a web server has its files" : at ? `${at.file}:${at.line}` : "nothing states another";
  const asked = health.path ?? health.command?.join(" ");
  return [
    { about: `${name}.port`, text: port === null ? "none: it listens nowhere" : `${port}: ${place}` },
    { about: `${name}.health`, text: asked === undefined ? health.why : `${asked}: ${health.why}` },
    { about: `${name}.strategy`, text: `${strategy.kind}: ${strategy.why}` },
    ...notesOf(found).map((text) => ({ about: `${name}.build`, text })),
  ];
}

const notesOf = (service: AnalysedService | undefined): string[] =>
  service && service.image === null ? (recipeFor(service).notes?.(service) ?? []) : [];

/** What people or programs elsewhere would want to reach, and no address leads to. */
function unrouted({ services }: Analysis, plan: Plan): Sentence[] {
  const wanted: readonly AnalysedService["kind"][] = ["web", "frontend", "api"];
  return services
    .filter(({ name, kind, image }) => {
      const planned = plan.services.find((one) => one.name === name);
      const reached = plan.routes.some(({ service }) => service === name) || (planned?.published.length ?? 0) > 0;
      return image === null && wanted.includes(kind) && planned?.port !== null && !reached;
    })
    .map(({ name }) => ({
      about: name,
      text: `No address leads to it, so the stack's other services alone reach it; else: --route /PATH=${name}`,
    }));
}

/** A variable that names none of them points at the first. */
function severalOfAKind(stores: readonly PlannedStore[]): Sentence[] {
  const kinds = [...new Set(stores.map(({ backing }) => backing.kind))];
  return kinds.flatMap((kind) => {
    const [first, ...rest] = stores.filter(({ backing }) => backing.kind === kind).map(({ backing }) => backing.name);
    if (first === undefined || rest.length === 0) return [];
    const names = [first, ...rest].join(", ");
    return [
      { about: kind, text: `There are several (${names}): a variable whose value names none points at ${first}.` },
    ];
  });
}

/** Variables that the analysis takes for secrets and that a person gave as plain values. */
function secretsInClear({ env }: Analysis, services: readonly Service[]): string[] {
  const isWished = (name: string) =>
    services.some(({ env: { [name]: source } }) => source?.from === "value" && source.why === "wished");
  return env.filter(({ name, secret }) => secret && isWished(name)).map(({ name }) => name);
}

/** What the source uses only where its address is set: a program whose default is its own machine fails without it all the same. */
function unreached({ datastores, env }: Analysis, services: readonly Service[]): string[] {
  const set = new Set(services.flatMap((service) => Object.keys(service.env)));
  const reached = new Set(env.filter(({ name }) => set.has(name)).map(({ refers_to }) => refers_to?.datastore));
  return datastores.filter(({ name, required }) => !required && !reached.has(name)).map(({ name }) => name);
}

/** In whole GB: a plan must not change because a new kernel leaves a few MB less. */
function tooMuchMemory(
  { memoryMegabytes }: PlanInput["survey"]["server"],
  { services, backing }: Pick<Plan, "services" | "backing">,
): Sentence[] {
  const sum = (parts: readonly Pick<Service, "memoryMegabytes" | "replicas">[]) =>
    parts.reduce((all, part) => all + part.memoryMegabytes * part.replicas, 0);
  const there = Math.max(1, Math.round(memoryMegabytes / 1024));
  const wanted = sum(services) + sum(backing.map((part) => ({ ...part, replicas: 1 })));
  const beside = sum(services.filter(({ strategy }) => strategy.kind === "overlap"));
  if (wanted > there * 1024)
    return [
      { about: "server", text: `What runs may take ${wanted} MB of memory together, and the server has ${there} GB.` },
    ];
  if (wanted + beside <= there * 1024) return [];
  return [
    {
      about: "server",
      text: `During a release, old and new together may take ${wanted + beside} MB of memory, and the server has ${there} GB.`,
    },
  ];
}
