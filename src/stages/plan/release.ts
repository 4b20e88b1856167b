import { hashOf } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";
import type { Backing, Plan, SecretUse, Service } from "./schema.ts";

/**
 * Identity of one deployed version of a stack: ten hex digits over what runs. Reasons, risks and where it was built do
 * not count, so that a plan made again for the same content is the same release.
 */
export function releaseOf(plan: Plan): string {
  const { services, backing, volumes, secrets, images, network, routes } = plan;
  return hashOf(withoutReasons({ services, backing, volumes, secrets, images, network, routes })).slice(0, 10);
}

/**
 * What a container of the service is made from, as a hash in hex: another hash means another container. Its addresses,
 * its strategy and how many of it run are not part of it: they say how a release goes, not what runs.
 */
export function specOf(part: Service | Backing, plan: Pick<Plan, "secrets" | "network">): string {
  const { image, env, mounts, port, published, command, memoryMegabytes } = part;
  const common = {
    image,
    env,
    mounts,
    port,
    published,
    command,
    memoryMegabytes,
    network: plan.network.name,
    secrets: identities(part, plan),
  };
  if ("ready" in part)
    return hashOf(withoutReasons({ ...common, name: part.name, kind: part.kind, ready: part.ready }));
  const { entrypoint, user, health, cpus, capabilities, stopSeconds } = part;
  return hashOf(withoutReasons({ ...common, entrypoint, user, health, cpus, capabilities, stopSeconds }));
}

/** The secrets that a part's environment is made of, in the plan's order. Throws `secret_unplanned`. */
export function secretsOf(
  { name, env }: Pick<Service | Backing, "name" | "env">,
  plan: Pick<Plan, "secrets">,
): SecretUse[] {
  const names = new Set(Object.values(env).flatMap(secretNames));
  for (const secret of names) {
    if (!plan.secrets.some((use) => use.name === secret)) throw unplanned(name, secret);
  }
  return plan.secrets.filter((use) => names.has(use.name));
}

/** Which value of a secret: the n-th that was made, or the one that a person gave under this fingerprint. */
export const secretVersion = (use: SecretUse): string =>
  use.origin === "generated" ? `v${use.version}` : use.fingerprint;

const identities = (part: Service | Backing, plan: Pick<Plan, "secrets">) =>
  secretsOf(part, plan).map((use) => `${use.name}@${secretVersion(use)}`);

function secretNames(source: Service["env"][string]): string[] {
  if (source.from === "secret") return [source.secret];
  if (source.from === "value") return [];
  return source.parts.flatMap((part) => (typeof part === "string" ? [] : [part.secret]));
}

/** A changed sentence must not restart a database. A variable may well be named `why`; its source is not a string. */
function withoutReasons(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReasons);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, item]) => key !== "why" || typeof item !== "string");
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutReasons(item)]));
}

const unplanned = (part: string, secret: string) =>
  new BerthError({
    code: "secret_unplanned",
    message: `The environment of ${part} needs a secret that the plan does not hold.`,
    object: secret,
    cause: "The plan was edited, or made by another version of Berth.",
    next: "Make the plan anew: berth plan",
  });
