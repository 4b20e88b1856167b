import { posix } from "node:path";
import { nameFrom } from "../../source/name.ts";
import { compare, inferred } from "../facts.ts";
import type { Ecosystem, ServiceFindings } from "../findings.ts";
import { namesFor } from "../names.ts";
import type { View } from "../read.ts";
import { serviceOf } from "../service.ts";

const { basename, dirname, join } = posix;

/** Plain pages: an index.html that belongs to no program, so that nothing builds or hands it out. */
export const html: Ecosystem = {
  name: "html",
  async find(view, name) {
    const programs = view.files.filter(({ path }) => program.test(path)).map(({ path }) => dirname(path));
    const folders = view.files
      .filter(({ path }) => /(?:^|\/)index\.html?$/i.test(path) && path.split("/").length <= 4 && !beside.test(path))
      .map(({ path }) => dirname(path))
      .filter((folder) => !programs.some((one) => isAround(one, folder)))
      .sort(compare);
    // Pages in folders of pages are part of them.
    const tops = folders.filter((folder) => !folders.some((one) => one !== folder && isAround(one, folder)));
    return { monorepo: null, services: tops.slice(0, 20).map((folder) => describe(view, folder, name)) };
  },
};

/** What makes a folder the place of a program, whatever it is written in. */
const program =
  /(?:^|\/)(?:package\.json|deno\.jsonc?|pyproject\.toml|requirements\.txt|Pipfile|setup\.(?:py|cfg)|manage\.py|composer\.json|Gemfile|go\.mod|Cargo\.toml|pom\.xml|build\.gradle(?:\.kts)?|build\.sbt|mix\.exs|Package\.swift|shard\.yml|pubspec\.yaml|gleam\.toml|build\.zig|project\.clj|CMakeLists\.txt|Makefile|hugo\.(?:toml|ya?ml)|_config\.yml|mkdocs\.yml|book\.toml|index\.php|(?:main|app|server|wsgi)\.py|[^/]+\.(?:csproj|fsproj|sln|slnx|cabal))$/;

/** Pages that show, check or fill a program. */
const beside =
  /(?:^|\/)(?:tests?|docs?|examples?|samples?|coverage|templates?|views|fixtures?|stories|\.storybook|layouts|_?includes)\//i;

const isAround = (outer: string, folder: string) => outer === "." || folder === outer || folder.startsWith(`${outer}/`);

/** Folders that are named after what they hold belong to the project around them. */
const holds = /^(?:public|www|html|htdocs|site|static|dist|_site|src|web)$/;

function describe(view: View, folder: string, source: string): ServiceFindings {
  const inner = holds.test(basename(folder)) && !(dirname(folder) === "." && besideOthers(view, folder));
  const path = inner ? dirname(folder) : folder;
  const page = ["index.html", "index.htm"].map((name) => join(folder, name)).find((file) => view.has(file));
  const evidence = { file: page ?? join(folder, "INDEX.HTML"), line: 1, rule: "pages that no program hands out" };
  const names = namesFor(path, undefined, source);
  const dockerfile = join(path, "Dockerfile");
  return {
    service: serviceOf(
      {
        name: nameFrom(names[0] ?? source),
        path,
        kind: "frontend",
        language: "html",
        dockerfile: view.has(dockerfile) ? dockerfile : null,
      },
      { static_dir: inferred(inner ? basename(folder) : ".", evidence) },
    ),
    names,
    datastores: [],
    env: [],
    external: [],
    links: [],
    questions: () => [],
  };
}

/** `web/` beside `api/` is a part with a name of its own. */
const besideOthers = (view: View, folder: string): boolean =>
  view.files.some(({ path }) => program.test(path) && !isAround(folder, dirname(path)) && dirname(path) !== ".");
