import type { Service as AnalysedService } from "../../analysis/schema.ts";

export interface RecipeInput {
  service: AnalysedService;
  port: number;
  /** Image references by usual name: `node:24-slim` → `node:24-slim@sha256:…`. */
  pinned(name: string): string;
  /** First 12 hex of the CA bundle's hash, where build steps need one. */
  ca: string | null;
  /** Absolute paths that the service writes to and that become volumes. */
  writable: string[];
}

export interface Recipe {
  name: string;
  /** Whether this recipe can build the service. */
  fits(service: AnalysedService): boolean;
  /** The images that its Dockerfile starts from, under their usual names. */
  bases(service: AnalysedService): string[];
  /** Where the application lies in the image; relative paths of the source are below it. */
  workdir: string;
  user: string;
  /** A Dockerfile that BuildKit in Engine 20.10 accepts: same input, same bytes. */
  dockerfile(input: RecipeInput): string;
}
