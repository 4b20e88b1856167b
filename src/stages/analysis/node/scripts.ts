import { type Fact, inferred, stated } from "../facts.ts";
import type { View } from "../read.ts";
import type { PackageManager } from "./managers/manager.ts";
import type { Manifest } from "./manifest.ts";

/** How the program is started, best without a package manager between, so that it gets its signals itself. */
export function startOf(
  manifest: Manifest,
  manager: PackageManager,
  view: View,
  /** What its framework starts where no script does. */
  brought?: Fact<string>,
): Fact<string> | undefined {
  const { scripts } = manifest;
  for (const name of ["start:prod", "start:production", "start", "serve"]) {
    const script = scripts[name];
    if (script === undefined || forDevelopment.test(script)) continue;
    const direct = isPlainNode(script) && scripts[`pre${name}`] === undefined;
    return stated(direct ? script.trim() : manager.run(name), manifest.at(["scripts", name], `script ${name}`));
  }
  if (brought) return brought;
  const main = manifest.get("main");
  const entries = [
    ...(typeof main === "string" ? [main.replace(/^\.\//, "")] : []),
    "server.js",
    "index.js",
    "app.js",
    "src/server.js",
    "src/index.js",
  ];
  const entry = entries.find(
    (file) => /^[\w./-]+\.[cm]?js$/.test(file) && view.has(manifest.path === "." ? file : `${manifest.path}/${file}`),
  );
  if (entry === undefined) return undefined;
  const path = entry === entries[0] && typeof main === "string" ? ["main"] : ["name"];
  return inferred(`node ${entry}`, manifest.at(path, "no start script: the main file"));
}

const forDevelopment =
  /\b(?:nodemon|ts-node-dev|tsx watch|webpack-dev-server|--watch|concurrently|react-scripts start|craco start|react-app-rewired start|vue-cli-service serve|(?:next|nuxt|astro|remix|vinxi|react-router) dev|webpack serve|ng serve|gatsby develop|docusaurus start|vite preview|live-server)\b|(?:^|&&|;)\s*(?:npx )?(?:vite|ng|parcel|eleventy|astro)(?:\s+-|\s+serve|\s+dev|\s*$|\s*&)/;
/** Whether a script starts what only its makers use. */
export const isForDevelopment = (script: string): boolean => forDevelopment.test(script);
/** A single command that starts node and needs no shell. */
const isPlainNode = (script: string) => /^\s*node\s[^;&|<>$`"'()*?=]+$/.test(script);

export const buildOf = (manifest: Manifest, manager: PackageManager): Fact<string> | undefined =>
  scriptOf(manifest, manager, ["build:prod", "build:production", "build"]);

/** What changes the database for a new version: as scripts and tools are usually named, and never one for development. */
export function releaseOf(
  manifest: Manifest,
  manager: PackageManager,
  view: View,
): { release: Fact<string> | undefined; others: string[] } {
  const names = Object.keys(manifest.scripts).filter((name) =>
    /^(?:release|(?:db|database|prisma|knex|typeorm|sequelize|drizzle)?[:_-]?migrat(?:e|ions?)(?:[:_-](?:deploy|latest|up|run|prod|production|apply))?|deploy[:_-]migrat\w*)$/.test(
      name,
    ),
  );
  const usable = names.filter(
    (name) => !/migrate dev|\bdb push\b|--create-only|migrate:make/.test(manifest.scripts[name] ?? ""),
  );
  const first = preferred.find((name) => usable.includes(name)) ?? usable[0];
  if (first !== undefined) {
    return {
      release: stated(manager.run(first), manifest.at(["scripts", first], `script ${first}`)),
      others: usable.filter((name) => name !== first),
    };
  }
  const startsWithIt = Object.entries(manifest.scripts).some(
    ([name, script]) => name === "start" && script.includes("migrate deploy"),
  );
  const folder = manifest.path === "." ? "" : `${manifest.path}/`;
  const migrations = view.files.some(
    ({ path }) => path.startsWith(`${folder}prisma/migrations/`) && path.endsWith(".sql"),
  );
  if (migrations && "prisma" in manifest.dependencies && !startsWithIt) {
    return {
      release: inferred("npx prisma migrate deploy", manifest.at(["dependencies", "prisma"], "Prisma with migrations")),
      others: [],
    };
  }
  return { release: undefined, others: [] };
}

const preferred = [
  "release",
  "migrate:deploy",
  "db:migrate:deploy",
  "migrate:prod",
  "migrate:up",
  "migrate:latest",
  "migrate",
  "db:migrate",
];

function scriptOf(manifest: Manifest, manager: PackageManager, names: string[]): Fact<string> | undefined {
  const name = names.find(
    (one) => manifest.scripts[one] !== undefined && !/^\s*(?:echo\b|true\s*$|exit 0)/.test(manifest.scripts[one] ?? ""),
  );
  return name === undefined ? undefined : stated(manager.run(name), manifest.at(["scripts", name], `script ${name}`));
}
