import type { Analysis } from "../analysis/schema.ts";
import type { PlanInput } from "./make.ts";
import type { Plan, Service } from "./schema.ts";

/** Why the plan is as it is, and what it may cost, in sentences for the person who approves it. */
export function explain(
  { analysis, survey }: PlanInput,
  stack: string,
  services: readonly Service[],
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
    { about: "server", text: "Password login, and every port but SSH, 80 and 443, is closed from outside." },
    { about: "server", text: "Containers on it reach the server's own services no longer, name resolution apart." },
    ...survey.server.firewalls.map((firewall) => ({
      about: "server",
      text: `${firewall} is active and stays in charge: what Docker publishes goes past it, as it did before.`,
    })),
    ...analysis.datastores
      .filter(({ required, name }) => required && !services.some(({ dependsOn }) => dependsOn.includes(name)))
      .map(({ name }) => ({ about: name, text: "The source needs it, and nothing in the plan provides it." })),
  ];
  return { reasons, risks };
}

/** Variables that the analysis takes for secrets and that a person gave as plain values. */
function secretsInClear({ env }: Analysis, services: readonly Service[]): string[] {
  const isWished = (name: string) =>
    services.some(({ env: { [name]: source } }) => source?.from === "value" && source.why === "wished");
  return env.filter(({ name, secret }) => secret && isWished(name)).map(({ name }) => name);
}
