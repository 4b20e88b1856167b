import { databaseKinds } from "./datastores/index.ts";
import { ecosystems } from "./ecosystems.ts";
import { isBuildTime, isGeneratable, isSecret } from "./env-names.ts";
import { externalServices } from "./externals.ts";
import { compare, compareEvidence } from "./facts.ts";
import type { EnvFinding, Found, ServiceFindings } from "./findings.ts";
import { languagesOf } from "./languages.ts";
import { named } from "./names.ts";
import { aboutProcesses } from "./processes.ts";
import { aboutDatabase, aboutNothing } from "./questions.ts";
import { openView, type View } from "./read.ts";
import type { Analysis, Datastore, Env, Evidence, External } from "./schema.ts";

/**
 * The facts in a source: reads files and nothing else, runs nothing, asks nobody. The same files give the same bytes,
 * wherever they lie; `name` is what the source is called.
 */
export const analyze = async (dir: string, { name }: { name: string }): Promise<Analysis> =>
  analyzeView(await openView(dir), name);

export async function analyzeView(view: View, name: string): Promise<Analysis> {
  const all = [];
  for (const ecosystem of ecosystems) all.push(await ecosystem.find(view, name));
  const found = all.flatMap(({ services }) => services);
  const parts = named(
    found,
    found.flatMap(({ datastores }) => datastores.map(({ what }) => what.name)),
  );
  const env = joinEnv(parts);
  const { datastores, questions } = joinDatastores(parts, env);
  return {
    version: 1,
    name,
    languages: languagesOf(view.files),
    monorepo: all.find(({ monorepo }) => monorepo)?.monorepo ?? null,
    services: parts.map((part) => ({
      ...part.service,
      env: env.filter((one) => one.services.includes(part.service.name)).map((one) => one.name),
      depends_on: part.datastores.map(({ what }) => what.name).sort(compare),
    })),
    datastores,
    env,
    external: joinExternal(parts, env),
    questions: [
      ...(parts.length === 0 ? [aboutNothing(name)] : []),
      ...questions,
      ...parts.flatMap((part) => part.questions(part.service)),
      ...aboutProcesses(
        view,
        parts.map(({ service }) => service),
      ),
    ],
  };
}

function joinEnv(parts: ServiceFindings[]): Env[] {
  const named = new Map<string, { finding: EnvFinding; part: ServiceFindings }[]>();
  for (const part of parts) {
    for (const finding of part.env) named.set(finding.name, [...(named.get(finding.name) ?? []), { finding, part }]);
  }
  return [...named]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, found]) => {
      const usages = found.map(({ finding }) => finding.usage);
      const ports = found.map(({ part }) => part.service.port_env);
      const kinds = found.flatMap(({ part }) => part.datastores.map(({ what }) => what));
      const kind = kinds.find((one) => one.part(name) !== undefined);
      const part = kind?.part(name);
      return {
        name,
        required:
          !ports.includes(name) &&
          !isBuildTime(name) &&
          usages.some((usage) => usage === "demanded" || usage === "plain"),
        secret: isSecret(name),
        build_time: isBuildTime(name),
        services: found.map((one) => one.part.service.name),
        refers_to: kind && part ? { datastore: kind.name, part } : null,
        generatable: isGeneratable(name),
        evidence: distinct(found.flatMap(({ finding }) => finding.evidence)),
        confidence: usages.some((usage) => usage === "demanded" || usage === "optional") ? "stated" : "inferred",
      };
    });
}

function joinDatastores(
  parts: ServiceFindings[],
  env: Env[],
): { datastores: Datastore[]; questions: Analysis["questions"] } {
  const datastores = join(
    parts.flatMap((part) => part.datastores.map(({ what, evidence }) => ({ what: what.name, evidence }))),
  ).map(({ what, evidence }): Datastore => {
    // What is only used where its variable is set is an extra: most caches and brokers.
    const reached = env.filter(({ refers_to }) => refers_to?.datastore === what && refers_to.part === "url");
    const extra = !databaseKinds.includes(what) && reached.length > 0 && reached.every(({ required }) => !required);
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

function joinExternal(parts: ServiceFindings[], env: Env[]): External[] {
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
