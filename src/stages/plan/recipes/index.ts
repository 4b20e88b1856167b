import { BerthError } from "../../../kit/error.ts";
import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { node } from "./node.ts";
import type { Recipe } from "./recipe.ts";

/** First match wins. */
const recipes: readonly Recipe[] = [node];

/** The recipe that builds a service; throws `recipe_missing` with what it would take. */
export function recipeFor(service: AnalysedService): Recipe {
  const recipe = recipes.find(({ fits }) => fits(service));
  if (recipe) return recipe;
  const found =
    [service.runtime?.name, service.package_manager, service.framework].filter(Boolean).join(", ") || "nothing known";
  throw new BerthError({
    code: "recipe_missing",
    message: `Berth cannot write a Dockerfile for the service ${service.name} yet.`,
    object: service.path,
    cause:
      service.start === null
        ? `no start command was found (${found})`
        : `what was found is ${found}; there are recipes for ${recipes.map(({ name }) => name).join(", ")}`,
    next:
      service.start === null
        ? 'Add a "start" script to its package.json, then run the command again.'
        : "Deploy a Node application with npm, or follow CHANGELOG.md for more recipes.",
  });
}
