import type { Fact } from "./facts.ts";
import type { EnvFinding } from "./findings.ts";
import type { Service } from "./schema.ts";

type Field =
  | "runtime"
  | "framework"
  | "package_manager"
  | "install"
  | "build"
  | "start"
  | "release"
  | "port"
  | "health_path"
  | "static_dir";

export type ServiceFacts = { [K in Field]?: Fact<NonNullable<Service[K]>> | undefined };

/** A service with these facts and where each was read; what nobody says is absent. */
export function serviceOf(
  known: Pick<Service, "name" | "path" | "kind" | "language"> & Partial<Service>,
  facts: ServiceFacts,
): Service {
  const found = Object.entries(facts).flatMap(([field, fact]) => (fact ? [[field, fact] as const] : []));
  return {
    runtime: facts.runtime?.value ?? null,
    framework: facts.framework?.value ?? null,
    frameworks: [],
    package_manager: facts.package_manager?.value ?? null,
    install: facts.install?.value ?? null,
    build: facts.build?.value ?? null,
    start: facts.start?.value ?? null,
    release: facts.release?.value ?? null,
    port: facts.port?.value ?? null,
    port_env: null,
    health_path: facts.health_path?.value ?? null,
    static_dir: facts.static_dir?.value ?? null,
    dockerfile: null,
    image: null,
    command: null,
    health_command: null,
    published: [],
    paths: [],
    values: {},
    env: [],
    depends_on: [],
    writable: [],
    evidence: Object.fromEntries(found.map(([field, fact]) => [field, fact.evidence])),
    confidence: Object.fromEntries(found.map(([field, fact]) => [field, fact.confidence])),
    ...known,
  };
}

/** One entry a name: how the code uses it outweighs that a file lists it. */
export function mergedEnv(env: EnvFinding[]): EnvFinding[] {
  const byName = new Map<string, EnvFinding>();
  for (const one of env) {
    const known = byName.get(one.name);
    byName.set(one.name, known ? { ...known, evidence: [...known.evidence, ...one.evidence].slice(0, 4) } : one);
  }
  return [...byName.values()];
}
