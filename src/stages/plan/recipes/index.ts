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
  throw new BerthError({
    code: "recipe_missing",
    message: `Berth cannot write a Dockerfile for the service ${service.name} yet.`,
    object: service.path,
    ...(service.start === null ? withoutStart : withoutRecipe(service)),
  });
}

const withoutStart = {
  cause: "No start command was found.",
  next: 'Add a "start" script to its package.json, then run the command again.',
};

function withoutRecipe({ runtime, package_manager: manager, evidence }: AnalysedService): {
  cause: string;
  next: string;
} {
  const at = evidence["package_manager"]?.[0];
  if (runtime?.name !== "node" || manager === null || !at)
    return { cause: `It runs on ${runtime?.name ?? "nothing known"}.`, next: "Deploy a Node application with npm." };
  const said = at.rule === "lock file" ? `delete ${at.file}` : `take "packageManager" out of ${at.file}`;
  return {
    cause: `Its packages are installed by ${manager} (${at.file}:${at.line}); Berth installs with npm, so far.`,
    next: `Where npm may take over: ${said}, run npm install, commit the package-lock.json, then run the command again.`,
  };
}
