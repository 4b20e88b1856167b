import { z } from "zod";

/** Where a fact was read. `line` counts from 1 and holds the value, or what triggered the rule. */
export const Evidence = z.object({ file: z.string(), line: z.int().min(1), rule: z.string() });

/** stated: the source says so in words; inferred: it follows from code or a manifest; default: the ecosystem's convention. */
export const Confidence = z.enum(["stated", "inferred", "default"]);

const listed = { evidence: z.array(Evidence), confidence: Confidence };

export const Language = z.object({
  name: z.string(),
  share: z.number().min(0).max(1).describe("of the bytes of source, vendored and generated files apart"),
  version: z.string().nullable(),
});

export const Monorepo = z.object({
  tools: z.array(z.string()),
  packages: z.array(z.string()).describe("paths, relative to the source"),
});

/** A folder or file that the service writes and that must outlive a release. */
export const Writable = z.object({
  path: z.string().describe("absolute, or relative to the service's path"),
  from_env: z.string().nullable().describe("the variable that moves it, where there is one"),
  why: z.string(),
  ...listed,
});

/** What a compose file opens to the world. Nothing is opened by it alone. */
const PublishedPort = z.object({
  port: z.int(),
  host_port: z.int(),
  protocol: z.enum(["tcp", "udp"]),
  evidence: z.array(Evidence),
});

/** The build of the source's own Dockerfile, where the service has one. */
const OwnBuild = z.object({
  text: z.string().describe("the Dockerfile as it is"),
  context: z.string().describe('the folder that the build sees, "." for the source\'s root'),
  target: z.string().nullable().describe("the stage that is wanted; null: the last"),
  args: z.record(z.string(), z.string()),
});

export const Service = z.object({
  name: z.string(),
  path: z.string().describe('relative to the source, "." for its root'),
  kind: z.enum(["web", "api", "frontend", "worker", "cron", "job", "proxy"]),
  language: z.string(),
  runtime: z.object({ name: z.string(), version: z.string().nullable() }).nullable(),
  framework: z.string().nullable(),
  frameworks: z.array(z.string()),
  package_manager: z.string().nullable(),
  install: z.string().nullable(),
  build: z.string().nullable(),
  start: z.string().nullable(),
  release: z.string().nullable().describe("run once a release, before its first start: a migration"),
  port: z.int().min(1).max(65535).nullable(),
  port_env: z.string().nullable().describe("the variable that sets the port, where the code reads one"),
  health_path: z.string().startsWith("/").nullable(),
  static_dir: z.string().nullable(),
  dockerfile: z.string().nullable(),
  own_build: OwnBuild.nullable().optional(),
  image: z.string().nullable().describe("of a registry, where the source names one instead of something to build"),
  command: z.array(z.string()).nullable().describe("instead of the image's own, where a compose file says so"),
  entrypoint: z.array(z.string()).nullable().optional().describe("likewise"),
  user: z.string().nullable().optional().describe("instead of the image's own, where a compose file says so"),
  health_command: z.array(z.string()).nullable().describe("answers 0 inside the container once it is well"),
  published: z.array(PublishedPort),
  /** Paths of the public address that lead here, e.g. `/api`, as a front end beside it asks for them. */
  paths: z.array(z.string().startsWith("/")),
  /** Values that the source states for running it (a compose file's `environment`); never out of a .env file, never a secret. */
  values: z.record(z.string(), z.string()),
  env: z.array(z.string()).describe("names, described in the analysis' own env"),
  depends_on: z.array(z.string()).describe("names of services and datastores"),
  writable: z.array(Writable),
  /** Keyed by the field of the service that it speaks of. */
  evidence: z.record(z.string(), z.array(Evidence)),
  confidence: z.record(z.string(), Confidence),
});

export const Datastore = z.object({
  name: z.string(),
  /** What the source calls it in its network, where a compose file names it: `db`. */
  host: z.string().nullable(),
  published: z.array(PublishedPort),
  version: z.string().nullable(),
  required: z.boolean(),
  ...listed,
});

/** A part of a datastore's address that a variable carries. */
export const AddressPart = z.enum(["url", "host", "port", "user", "password", "database"]);

export const Env = z.object({
  name: z.string(),
  required: z.boolean().describe("read without a default"),
  secret: z.boolean(),
  build_time: z.boolean().describe("its value ends up in what the build makes"),
  services: z.array(z.string()),
  /** The datastore whose address this variable carries: its value follows from the plan. */
  refers_to: z.object({ datastore: z.string(), part: AddressPart }).nullable(),
  generatable: z.boolean().describe("any random value serves, if it stays the same: a session or signing secret"),
  ...listed,
});

export const External = z.object({ name: z.string(), ...listed });

/** What the source leaves open. `id` stays the same for the same question, so that an answer can be kept. */
export const Question = z.object({
  id: z.string(),
  about: z.string().describe("the fact in question: services.NAME.FIELD, env.NAME, datastores.NAME"),
  question: z.string(),
  options: z.array(z.string()),
  why: z.string(),
  required: z.boolean().describe("no plan can be made before it is answered"),
});

/** The facts found in a source. The same source gives the same bytes. What is absent is null or [], never a guess. */
export const Analysis = z.object({
  version: z.literal(1),
  name: z.string(),
  languages: z.array(Language),
  monorepo: Monorepo.nullable(),
  services: z.array(Service),
  datastores: z.array(Datastore),
  env: z.array(Env),
  external: z.array(External),
  questions: z.array(Question),
});

export type Evidence = z.infer<typeof Evidence>;
export type Confidence = z.infer<typeof Confidence>;
export type Language = z.infer<typeof Language>;
export type Monorepo = z.infer<typeof Monorepo>;
export type Writable = z.infer<typeof Writable>;
export type Service = z.infer<typeof Service>;
export type Datastore = z.infer<typeof Datastore>;
export type AddressPart = z.infer<typeof AddressPart>;
export type Env = z.infer<typeof Env>;
export type External = z.infer<typeof External>;
export type Question = z.infer<typeof Question>;
export type Analysis = z.infer<typeof Analysis>;
