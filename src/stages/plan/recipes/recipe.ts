import type { Service as AnalysedService } from "../../analysis/schema.ts";

export interface RecipeInput {
  service: AnalysedService;
  /** null: it listens nowhere. */
  port: number | null;
  /** Image references by usual name: `node:24-slim` → `node:24-slim@sha256:…`. */
  pinned(name: string): string;
  /** First 12 hex of the CA bundle's hash, where build steps need one. */
  ca: string | null;
  /** Absolute paths that the service writes to and that become volumes. */
  writable: string[];
  /** Variables that the build reads, with their values: each needs its `ARG`. */
  args: Readonly<Record<string, string>>;
}

export interface Recipe {
  name: string;
  /** Whether this recipe can build the service. */
  fits(service: AnalysedService): boolean;
  /** The folder of the source that the build gets to see, "." for all of it: what lies beside it changes no image. */
  folder(service: AnalysedService): string;
  /** The images that its Dockerfile starts from, under their usual names. */
  bases(service: AnalysedService): string[];
  /** Where what it builds listens, whatever the source says; null: where the service does. */
  port: number | null;
  /** A path that whatever it builds answers, where the source names none for asking after its health. */
  healthPath?: string;
  /** Where the application lies in the image; relative paths of the source are below it. */
  workdir(service: AnalysedService): string;
  /** null: the image's own. */
  user(service: AnalysedService): string | null;
  /** Rights that it needs of those that Docker gives, beside those of a beginning as root. */
  capabilities?: readonly string[];
  /** How much memory is enough where nobody says otherwise. */
  memoryMegabytes: number;
  /** What a person should know of how it builds this service, in sentences for the plan's reasons. */
  notes?(service: AnalysedService): string[];
  /** A Dockerfile that BuildKit in Engine 20.10 accepts: same input, same bytes. */
  dockerfile(input: RecipeInput): string;
}
