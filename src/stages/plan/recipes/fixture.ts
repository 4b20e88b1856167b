import type { Service } from "../../analysis/schema.ts";
import { analysis } from "../fixture.ts";
import type { RecipeInput } from "./recipe.ts";

/** A service of which nothing is known but what is said, as an analysis: for tests. */
export function serviceWith(facts: Partial<Service>): Service {
  const [some] = analysis.services;
  if (!some) throw new Error("the fixture has no service");
  return { ...some, release: null, writable: [], evidence: {}, ...facts };
}

/** What a recipe gets for it, with a configured CA bundle. */
export const inputFor = (service: Service, more: Partial<RecipeInput> = {}): RecipeInput => ({
  service,
  port: service.port,
  pinned: (name) => `${name}@sha256:1`,
  ca: "cccccccccccc",
  writable: [],
  args: {},
  ...more,
});
