import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How one base image is made: a folder whose Dockerfile says at its top, `# image NAME [NAME…] [ARGUMENT=VALUE…]`, what it gives. */
export interface Recipe {
  /** The name under which a user knows it: node:24-slim. */
  name: string;
  aliases: string[];
  /** Build arguments, and the environment of the folder's `fetch`. */
  args: Record<string, string>;
  /** The folder, which is the build context. */
  folder: string;
  /** The base that it stands on; undefined for one made from scratch. */
  from: string | undefined;
}

const folder = join(import.meta.dirname, "bases");

/** What `up` makes: enough for the tests and the demo. Any other is made when it is first asked for. */
export const defaultBases = [
  "debian:13-slim",
  "debian:12-slim",
  "postgres:17",
  "node:24-slim",
  "lab/server:13",
  "lab/server:12",
  "caddy:2",
  "node:22-slim",
  "lab/git:13",
];

/** All recipes there are. */
export function readRecipes(): Recipe[] {
  return readdirSync(folder).flatMap((name) =>
    parseRecipes(readFileSync(join(folder, name, "Dockerfile"), "utf8"), join(folder, name)),
  );
}

/** The recipe that gives a name or an alias; throws, naming those that there are. */
export function recipeFor(image: string, recipes = readRecipes()): Recipe {
  const found = recipes.find(({ name, aliases }) => name === image || aliases.includes(image));
  if (found) return found;
  throw new Error(`no recipe for ${image} in lab/bases; there are ${recipes.map(({ name }) => name).join(", ")}`);
}

/** The recipes that a Dockerfile declares. */
export function parseRecipes(dockerfile: string, path: string): Recipe[] {
  return [...dockerfile.matchAll(/^# image (.+)$/gm)].map(([, line = ""]) => {
    const words = line.trim().split(/\s+/);
    const [name = "", ...aliases] = words.filter((word) => !word.includes("="));
    const args = Object.fromEntries(words.filter((word) => word.includes("=")).map((word) => word.split("=", 2)));
    const from = /^FROM (\S+)/m.exec(dockerfile)?.[1]?.replace(/^\$(\w+)$/, (_, key: string) => args[key] ?? "");
    return { name, aliases, args, folder: path, from: from === "scratch" ? undefined : from };
  });
}

/** Changes with every file and argument of the recipe and of those that it stands on. */
export function recipeHash(recipe: Recipe, recipes = readRecipes()): string {
  const hash = createHash("sha256").update(JSON.stringify([recipe.name, recipe.aliases, recipe.args]));
  for (const file of readdirSync(recipe.folder).sort())
    hash.update(file).update(readFileSync(join(recipe.folder, file)));
  if (recipe.from !== undefined) hash.update(recipeHash(recipeFor(recipe.from, recipes), recipes));
  return hash.digest("hex");
}
