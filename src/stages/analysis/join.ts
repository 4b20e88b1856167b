import { isAddressOf } from "./datastores/datastore.ts";
import { databaseKinds, datastoreKinds } from "./datastores/index.ts";
import { isBuildTime, isGeneratable, isSecret } from "./env-names.ts";
import { externalServices } from "./externals.ts";
import { compare, compareEvidence } from "./facts.ts";
import type { EnvFinding, Found, ServiceFindings } from "./findings.ts";
import { aboutDatabase } from "./questions.ts";
import type { Analysis, Datastore, Env, Evidence, External } from "./schema.ts";

/** One entry a variable, with all programs that read it. */
export function joinEnv(parts: ServiceFindings[]): Env[] {
  const named = new Map<string, { finding: EnvFinding; part: ServiceFindings }[]>();
  for (const part of parts) {
    for (const finding of part.env) named.set(finding.name, [...(named.get(finding.name) ?? []), { finding, part }]);
  }
  return [...named]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, found]) => {
      const usages = found.map(({ finding }) => finding.usage);
      const ports = found.map(({ part }) => part.service.port_env);
      // Files that are only built read nothing any more when they are served.
      const builds = isBuildTime(name) || found.every(({ part }) => isBuilt(part));
      return {
        name,
        required: !ports.includes(name) && !builds && usages.some((usage) => usage === "demanded" || usage === "plain"),
        secret: isSecret(name),
        build_time: builds,
        services: found.map((one) => one.part.service.name),
        refers_to: referredTo(name, found),
        generatable: isGeneratable(name),
        evidence: distinct(found.flatMap(({ finding }) => finding.evidence)),
        confidence: usages.some((usage) => usage === "demanded" || usage === "optional") ? "stated" : "inferred",
      };
    });
}

const isBuilt = ({ service }: ServiceFindings) => service.kind === "frontend" && service.start === null;

/** The datastore whose address a variable carries: by what stands in for it, or by its name. */
function referredTo(name: string, found: { finding: EnvFinding; part: ServiceFindings }[]): Env["refers_to"] {
  const fallback = found.map(({ finding }) => finding.fallback).find((text) => text?.includes("://"));
  const spoken = datastoreKinds.find((kind) => fallback !== undefined && isAddressOf(kind, fallback));
  if (spoken) return { datastore: spoken.name, part: "url" };
  // `sqlite:///app.db`: the program is content with a file, and a database is not asked for by the variable's name.
  const kinds = found.flatMap(({ part }) => part.datastores.map(({ what }) => what));
  const kind = kinds.find((one) => one.part(name) !== undefined);
  const part = kind?.part(name);
  return kind && part ? { datastore: kind.name, part } : null;
}

export function joinDatastores(
  parts: ServiceFindings[],
  env: Env[],
): { datastores: Datastore[]; questions: Analysis["questions"] } {
  const found = [
    ...parts.flatMap((part) => part.datastores.map(({ what, evidence }) => ({ what: what.name, evidence }))),
    ...parts.flatMap((part) => fallbacks(part)),
  ];
  const datastores = join(found).map(({ what, evidence }): Datastore => {
    const needed =
      parts.some((part) => part.datastores.some((one) => one.what.name === what && one.needed)) ||
      parts.some((part) => fallbacks(part).some((one) => one.what === what));
    // What is only used where its variable is set is an extra: most caches and brokers.
    const reached = env.filter(({ refers_to }) => refers_to?.datastore === what && refers_to.part === "url");
    const extra =
      !needed && !databaseKinds.includes(what) && reached.length > 0 && reached.every(({ required }) => !required);
    return { name: what, host: null, published: [], version: null, required: !extra, evidence, confidence: "inferred" };
  });
  const databases = datastores.filter(({ name }) => databaseKinds.includes(name));
  const choices = parts.some(
    (part) => part.datastores.filter(({ what }) => databaseKinds.includes(what.name)).length > 1,
  );
  if (!choices) return { datastores, questions: [] };
  return {
    datastores: datastores.map((one) => (databases.includes(one) ? { ...one, required: false } : one)),
    questions: [aboutDatabase(databases.map(({ name }) => name))],
  };
}

/** Names of what a program needs besides other programs of its source. */
export const storesOf = (part: ServiceFindings): string[] => [
  ...part.datastores.map(({ what }) => what.name),
  ...fallbacks(part).map(({ what }) => what),
];

/** A program that falls back to an address on its own machine does not go without: `redis://localhost:6379`. */
const fallbacks = ({ env }: ServiceFindings): Found<string>[] =>
  env.flatMap(({ fallback, evidence }) => {
    const kind = fallback === undefined ? undefined : datastoreKinds.find((one) => isAddressOf(one, fallback));
    return kind ? [{ what: kind.name, evidence: evidence.slice(0, 1) }] : [];
  });

export function joinExternal(parts: ServiceFindings[], env: Env[]): External[] {
  const configured = externalServices.flatMap(({ name, variables }) =>
    env
      .filter((one) => variables?.test(one.name))
      .map(({ evidence }) => ({ what: name, evidence: evidence.slice(0, 1) })),
  );
  return join([...parts.flatMap((part) => part.external), ...configured]).map(({ what, evidence }) => ({
    name: what,
    evidence,
    confidence: "inferred",
  }));
}

/** One entry a name, in the order of names, with the evidence of all. */
function join(found: Found<string>[]): Found<string>[] {
  const names = [...new Set(found.map(({ what }) => what))].sort(compare);
  return names.map((what) => ({
    what,
    evidence: distinct(found.filter((one) => one.what === what).flatMap(({ evidence }) => evidence)),
  }));
}

/** Where a thing was found, the best place first and each line once. */
function distinct(evidence: Evidence[]): Evidence[] {
  const [first, ...rest] = evidence;
  return [...(first ? [first] : []), ...rest.sort(compareEvidence)]
    .filter((one, index, all) => all.findIndex(({ file, line }) => file === one.file && line === one.line) === index)
    .slice(0, 5);
}
