import type { Usage } from "./code/usage.ts";
import type { DatastoreKind } from "./datastores/datastore.ts";
import type { View } from "./read.ts";
import type { Evidence, Monorepo, Question, Service } from "./schema.ts";

/** What one ecosystem finds in a source; analyze.ts joins the findings of all. */
interface Findings {
  monorepo: Monorepo | null;
  services: ServiceFindings[];
}

export interface ServiceFindings {
  service: Service;
  datastores: Found<DatastoreKind>[];
  env: EnvFinding[];
  external: Found<string>[];
  questions: Question[];
}

export interface Found<T> {
  what: T;
  evidence: Evidence[];
}

export interface EnvFinding {
  name: string;
  /** How the code treats it; "listed": only a file for people names it. */
  usage: Usage | "listed";
  evidence: Evidence[];
}

/** A family of languages that share manifests and package managers. */
export interface Ecosystem {
  name: string;
  /** `name` is the source's, for a service that has none of its own. */
  find(view: View, name: string): Promise<Findings>;
}
