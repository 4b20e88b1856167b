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
  /** Its name is settled once all are known. */
  service: Service;
  /** What it may be called, best first: the next is taken where two would be called the same. */
  names: string[];
  datastores: FoundDatastore[];
  env: EnvFinding[];
  external: Found<string>[];
  links: Link[];
  /** Asked once the service has its name. */
  questions(service: Service): Question[];
}

export interface Found<T> {
  what: T;
  evidence: Evidence[];
}

export interface FoundDatastore extends Found<DatastoreKind> {
  /** It cannot go on without it, whether or not a variable moves the address: a queue's broker. */
  needed?: boolean;
}

export interface EnvFinding {
  name: string;
  /** How the code treats it; "listed": only a file for people names it. */
  usage: Usage | "listed";
  evidence: Evidence[];
  /** What the code takes where it is missing. Never part of an analysis: it is only looked at. */
  fallback?: string;
}

/** An address that a program speaks to, as its source writes it; joined to the program beside it that it means. */
export interface Link {
  host: string;
  port: number | null;
  /** Paths of its own address that a front end's server for development hands on to there. */
  paths: string[];
  evidence: Evidence;
}

/** A family of languages that share manifests and package managers. */
export interface Ecosystem {
  name: string;
  /** `name` is the source's, for a service that has none of its own. */
  find(view: View, name: string): Promise<Findings>;
}
