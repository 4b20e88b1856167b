import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { authorityStage } from "./authority.ts";
import { ownFolder, within } from "./lines.ts";
import { nodeBuild, nodeImage } from "./node-packages.ts";
import { literalPath } from "./path.ts";
import type { Recipe, RecipeInput } from "./recipe.ts";

const server = "caddy:2";
const port = 8080;

/** Files behind a web server: pages as they lie there, or what a front end's build makes. */
export const staticFiles: Recipe = {
  name: "static",
  fits: ({ kind, static_dir, start, build, runtime, package_manager: manager }) =>
    kind === "frontend" &&
    static_dir !== null &&
    start === null &&
    (build === null || (runtime?.name === "node" && manager === "npm")),
  folder: ownFolder,
  bases: (service) => [...(service.build === null ? [] : [nodeImage(service)]), server],
  port,
  healthPath: "/",
  workdir: () => "/srv",
  // By number: the image has no other user than root.
  user: () => "1000:1000",
  // Not used, but the image's Caddy has it as a file's capability, and does not start where it may not have it.
  capabilities: ["NET_BIND_SERVICE"],
  memoryMegabytes: 128,
  dockerfile: (input) => [...built(input), ...served(input), ""].join("\n"),
};

const built = (input: RecipeInput): string[] =>
  input.service.build === null ? [] : [...authorityStage(input.ca), ...nodeBuild(input, input.service.build), ""];

const served = ({ service, pinned }: RecipeInput): string[] => [
  `FROM ${pinned(server)}`,
  "# No certificates and no control over HTTP here: the proxy in front has both.",
  `RUN printf '%s\\n' ${caddyfile(service)
    .map((line) => `'${line}'`)
    .join(" \\\n    ")} \\`,
  "\t\t> /etc/caddy/Caddyfile",
  service.build === null ? `COPY ${pages(service)} /srv/` : `COPY --from=build /app/${pages(service)} /srv/`,
  "USER 1000:1000",
  `EXPOSE ${port}`,
];

const pages = (service: AnalysedService): string => {
  const folder = service.static_dir ?? ".";
  const from = service.build === null ? within(service) : "";
  return folder === "." ? from || "." : `${from}${literalPath(folder)}/`;
};

/** No quotation mark in it: it stands between some in the Dockerfile. */
const caddyfile = ({ build }: AnalysedService): string[] => [
  "{",
  "\tadmin off",
  // Even where it keeps nothing, it wants a folder that it can write to.
  "\tstorage file_system /tmp",
  "\tauto_https off",
  "\tpersist_config off",
  "}",
  `:${port} {`,
  "\troot * /srv",
  "\tencode zstd gzip",
  "\theader ?Cache-Control no-cache",
  ...(build === null ? plainPages : application),
  "\tfile_server",
  "}",
];

/** What belongs to the source and not to its pages is not served: settings of tools, and the file that this is built by. */
const plainPages = [
  "\t@private {",
  "\t\tpath */.* /Dockerfile",
  "\t\tnot path /.well-known/*",
  "\t}",
  "\terror @private 404",
  "\ttry_files {path} {path}.html",
  "\thandle_errors 404 {",
  "\t\trewrite * /404.html",
  "\t\tfile_server",
  "\t}",
];

/**
 * A path that names no file is one that the page itself understands; one with a dot in its last part is a file, and where
 * that is missing its answer must not be a page. Names with the hash of their content (no word of small letters) never change
 * what they mean.
 */
const application = [
  "\t@hashed {",
  "\t\tfile",
  "\t\tpath_regexp ^/(?:assets|static|_astro|_app/immutable)/.*[.-][A-Za-z0-9_-]{8,}\\.(?:js|css|woff2)$",
  "\t\tnot path_regexp [.-][a-z_-]{8,}\\.[a-z0-9]+$",
  "\t}",
  "\theader @hashed Cache-Control max-age=31536000,immutable",
  "\t@page {",
  "\t\tpath_regexp /[^/.]*$",
  "\t\tnot file {path} {path}.html {path}/index.html",
  "\t}",
  "\trewrite @page /index.html",
  "\ttry_files {path} {path}.html",
];
