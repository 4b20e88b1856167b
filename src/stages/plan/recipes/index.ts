import { BerthError } from "../../../kit/error.ts";
import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { node } from "./node.ts";
import { own } from "./own.ts";
import { python } from "./python.ts";
import type { Recipe } from "./recipe.ts";
import { staticFiles } from "./static.ts";

/** First match wins. */
const recipes: readonly Recipe[] = [own, staticFiles, node, python];

/** The recipe that builds a service; throws `recipe_missing` with what it would take. */
export function recipeFor(service: AnalysedService): Recipe {
  const recipe = recipes.find(({ fits }) => fits(service));
  if (recipe) return recipe;
  throw new BerthError({
    code: "recipe_missing",
    message: `Berth cannot write a Dockerfile for the service ${service.name} yet.`,
    object: service.path,
    ...missing(service),
  });
}

type Missing = { cause: string; next: string };

function missing(service: AnalysedService): Missing {
  const { runtime, package_manager: manager, start, static_dir, kind } = service;
  const isPages = kind === "frontend" && static_dir !== null;
  if (start === null && !isPages)
    return {
      cause: "No start command was found.",
      next:
        runtime?.name === "python"
          ? 'Name it in a Procfile beside its list of packages ("web: uvicorn app:app"), then run the command again.'
          : 'Add a "start" script to its package.json, then run the command again.',
    };
  if (runtime?.name === "node" && manager !== null) return otherManager(service, manager);
  if (runtime?.name === "python")
    return {
      cause: manager === null ? "No list of its packages was found." : `Its packages are installed by ${manager}.`,
      next: "Commit a requirements.txt, or a lock file of uv, poetry, pdm or pipenv, then run the command again.",
    };
  return {
    cause: `It runs on ${runtime?.name ?? "nothing known"}.`,
    next: "Deploy a Node application with npm, a Python application, plain pages, or add a Dockerfile of its own.",
  };
}

function otherManager({ evidence }: AnalysedService, manager: string): Missing {
  const at = evidence["package_manager"]?.[0];
  const place = at ? ` (${at.file}:${at.line})` : "";
  const said =
    at?.rule === "lock file" ? `delete ${at.file}` : `take "packageManager" out of ${at?.file ?? "package.json"}`;
  return {
    cause: `Its packages are installed by ${manager}${place}; Berth installs with npm, so far.`,
    next: `Where npm may take over: ${said}, run npm install, commit the package-lock.json, then run the command again.`,
  };
}
