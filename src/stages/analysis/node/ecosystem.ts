import { posix } from "node:path";
import { readCode } from "../code/modules.ts";
import { compare } from "../facts.ts";
import type { Ecosystem, ServiceFindings } from "../findings.ts";
import type { View } from "../read.ts";
import type { Monorepo } from "../schema.ts";
import { frameworks } from "./frameworks/index.ts";
import { describeFront } from "./front.ts";
import { managerOf } from "./managers/index.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { isForDevelopment, startOf } from "./scripts.ts";
import { describeService, serversOf } from "./service.ts";
import { siteOf } from "./site.ts";

const { join } = posix;

/** Programs that run on Node, known by their package.json. */
export const node: Ecosystem = {
  name: "node",
  async find(view, name) {
    const manifests = readManifests(view);
    const root = manifests.find(({ path }) => path === ".");
    const monorepo = monorepoOf(view, root, manifests);
    const services: ServiceFindings[] = [];
    for (const manifest of manifests) {
      const program = isProgram(manifest, root, monorepo, view);
      if (!program && (!siteOf(view, manifest, undefined, frameworks) || isBuiltInto(manifest, manifests))) continue;
      const within = programFiles(manifest, manifests);
      using code = await readCode(view, within);
      const site = siteOf(view, manifest, code, frameworks);
      const input = { view, manifest, root, code, within, name, site };
      const files =
        site && !servesItself(manifest, root, view) && "files" in site.served ? site.served.files : undefined;
      if (site && files) services.push(describeFront({ ...input, site, files }));
      else if (program || site) services.push(describeService(input));
    }
    return { monorepo, services };
  },
};

const maxManifests = 300;
/** What shows or checks a program, and is none itself. */
const beside =
  /(?:^|\/)(?:tests?|__tests__|__mocks__|e2e|cypress|playwright|specs?|docs?|examples?|samples?|fixtures?|benchmarks?|stories|\.storybook|\.github|templates?)(?:\/|$)|[._-](?:test|spec|stories|e2e)\.\w+$|(?:^|\/)(?:jest|vitest|playwright|cypress|eslint|prettier|tailwind|postcss)\.config\.\w+$/;

/** What a build made, or browsers get. */
const made = /(?:^|\/)(?:dist|build|built|out|public|static|www)\//;

function readManifests(view: View): Manifest[] {
  const files = view.files
    .filter(({ path }) => /(?:^|\/)package\.json$/.test(path) && !beside.test(path) && !made.test(path))
    .slice(0, maxManifests);
  return files
    .map(({ path }) => readManifest(view, path))
    .filter((manifest) => manifest !== undefined)
    .sort((a, b) => compare(a.path, b.path));
}

function monorepoOf(view: View, root: Manifest | undefined, manifests: Manifest[]): Monorepo | null {
  const workspaces = root?.get("workspaces") !== undefined;
  const manager = root && managerOf(view, root, root).manager.value.name;
  const tools = [
    ...(view.has("pnpm-workspace.yaml") ? ["pnpm-workspaces"] : workspaces ? [`${manager}-workspaces`] : []),
    ...(view.has("turbo.json") ? ["turborepo"] : []),
    ...(view.has("nx.json") ? ["nx"] : []),
    ...(view.has("lerna.json") ? ["lerna"] : []),
  ];
  const packages = manifests.map(({ path }) => path).filter((path) => path !== ".");
  return tools.length > 0 ? { tools, packages } : null;
}

/** A package is a program when it serves with a framework, or is started; the root of a monorepo only starts others. */
function isProgram(manifest: Manifest, root: Manifest | undefined, monorepo: Monorepo | null, view: View): boolean {
  if (serversOf(manifest).length > 0) {
    return (
      startOf(manifest, managerOf(view, manifest, root).manager.value, view) !== undefined ||
      manifest.get("exports") === undefined
    );
  }
  if (manifest === root && monorepo && monorepo.packages.length > 0) return false;
  // A main file alone makes a library.
  const started =
    ("start" in manifest.scripts && !isForDevelopment(manifest.scripts["start"] ?? "")) ||
    ["server.js", "app.js"].some((file) => view.has(join(manifest.path, file)));
  // A command line tool is published; what is private and has a start script is started here.
  return (
    started && (manifest.get("bin") === undefined || (manifest.get("private") === true && "start" in manifest.scripts))
  );
}

/** Pages that a server of the same package hands out itself, once they are built. */
const servesItself = (manifest: Manifest, root: Manifest | undefined, view: View): boolean =>
  serversOf(manifest).length > 0 &&
  startOf(manifest, managerOf(view, manifest, root).manager.value, view) !== undefined;

/** Pages that the build of a package around them makes: they are part of what that serves. */
const isBuiltInto = (manifest: Manifest, manifests: Manifest[]): boolean =>
  manifests.some((other) => {
    const folder = other.path === "." ? manifest.path : manifest.path.slice(other.path.length + 1);
    if (other === manifest || !(other.path === "." || manifest.path.startsWith(`${other.path}/`))) return false;
    const scripts = Object.entries(other.scripts).flatMap(([name, script]) =>
      /^(?:(?:pre|post)?build|heroku-postbuild|postinstall)/.test(name) ? [script] : [],
    );
    const goes = new RegExp(
      `(?:cd|--prefix|--cwd|-C|--dir)[ =](?:\\./)?${folder.replaceAll(/[^\w/-]/g, "\\$&")}(?:\\s|/|$)`,
    );
    return serversOf(other).length > 0 && scripts.some((script) => goes.test(script));
  });

/** The files of a package that its program is made of: not those of a package inside it, and scripts only where it runs them. */
function programFiles(manifest: Manifest, manifests: Manifest[]): (path: string) => boolean {
  const inside = (folder: string, path: string) => folder === "." || path.startsWith(`${folder}/`);
  const inner = manifests
    .map(({ path }) => path)
    .filter((path) => path !== manifest.path && inside(manifest.path, path));
  const ran = Object.entries(manifest.scripts)
    .filter(([name]) => /^(?:pre|post)?(?:start|build|release|.*migrat)/.test(name))
    .map(([, script]) => script)
    .join("\n");
  return (path) => {
    if (!inside(manifest.path, path) || inner.some((folder) => inside(folder, path))) return false;
    const own = manifest.path === "." ? path : path.slice(manifest.path.length + 1);
    if (beside.test(own)) return false;
    if (/^(?:scripts|bin|tools)\//.test(own)) return ran.includes(own.replace(/\.\w+$/, ""));
    // Nothing builds it: what is started from there is the program itself.
    const folder = made.exec(own)?.[0];
    return folder === undefined || (!("build" in manifest.scripts) && ran.includes(folder));
  };
}
