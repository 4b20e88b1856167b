import type { Analysis } from "../analysis/schema.ts";
import type { PlanInput } from "./make.ts";
import type { Backing, Plan, Service } from "./schema.ts";

/** Why the plan is as it is, and what it may cost, in sentences for the person who approves it. */
export function explain(
  { analysis, survey }: PlanInput,
  stack: string,
  services: readonly Service[],
  backing: readonly Backing[],
): Pick<Plan, "reasons" | "risks"> {
  const reasons = services.flatMap(({ name, strategy, port, health }) => {
    const found = analysis.services.find((service) => service.name === name);
    const at = found?.evidence["port"]?.[0];
    return [
      { about: `${name}.port`, text: at ? `${port}: ${at.file}:${at.line}` : `${port}: nothing states another` },
      { about: `${name}.health`, text: health.path === null ? health.why : `${health.path}: ${health.why}` },
      { about: `${name}.strategy`, text: `${strategy.kind}: ${strategy.why}` },
    ];
  });
  const risks = [
    // The analysis asks about what its source would start beside its services.
    ...analysis.questions
      .filter(({ about }) => about.startsWith("processes."))
      .map(({ about, why }) => ({ about, text: `It will not run: ${why}.` })),
    ...services
      .filter(({ strategy }) => strategy.kind === "stop-first")
      .map(({ name, strategy }) => ({ about: name, text: `A release stops it for some seconds: ${strategy.why}.` })),
    ...analysis.services
      .filter(({ dockerfile }) => dockerfile !== null)
      .map(({ name, dockerfile }) => ({
        about: name,
        text: `Its own ${dockerfile} is not used yet; the Dockerfile below is.`,
      })),
    ...secretsInClear(analysis, services).map((name) => ({
      about: name,
      text: `It looks like a secret, and this plan holds its value in clear; better: berth secrets set ${name} --stack ${stack}`,
    })),
    // What is true of this plan before what is true of each: a short view shows the first alone.
    ...analysis.datastores
      .filter(({ required, name }) => required && !services.some(({ dependsOn }) => dependsOn.includes(name)))
      .map(({ name }) => ({ about: name, text: "The source needs it, and nothing in the plan provides it." })),
    ...unreached(analysis, services).map((name) => ({
      about: name,
      text: "The source can use it, and nothing in the plan provides it or says where it is.",
    })),
    ...tooMuchMemory(survey.server, [...services, ...backing]),
    { about: "server", text: "Password login, and every port but SSH, 80 and 443, is closed from outside." },
    { about: "server", text: "Containers on it reach the server's own services no longer, name resolution apart." },
    ...survey.server.firewalls.map((firewall) => ({
      about: "server",
      text: `${firewall} is active and stays in charge: what Docker publishes goes past it, as it did before.`,
    })),
  ];
  return { reasons, risks };
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
  parts: readonly { memoryMegabytes: number }[],
): Plan["risks"] {
  const wanted = parts.reduce((sum, part) => sum + part.memoryMegabytes, 0);
  const there = Math.max(1, Math.round(memoryMegabytes / 1024));
  if (wanted <= there * 1024) return [];
  return [
    { about: "server", text: `What runs may take ${wanted} MB of memory together, and the server has ${there} GB.` },
  ];
}
