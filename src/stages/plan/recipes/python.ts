import { authorityArgs, authorityMount, authorityStage } from "./authority.ts";
import { commandWords } from "./command.ts";
import { buildArgs, ownedFolders, ownFolder, whole, within } from "./lines.ts";
import { literalPath } from "./path.ts";
import { pythonImage } from "./python-version.ts";
import type { Recipe, RecipeInput } from "./recipe.ts";

/** Python: packages in an environment of their own, apart from the source, so that a changed line does not install anything again. */
export const python: Recipe = {
  name: "python",
  fits: ({ runtime, package_manager: manager, start }) =>
    runtime?.name === "python" && manager !== null && manager in installers && start !== null,
  folder: ownFolder,
  bases: (service) => [pythonImage(service.runtime?.version)],
  port: null,
  workdir: () => "/app",
  user: () => "app",
  memoryMegabytes: 512,
  dockerfile: (input) => [...authorityStage(input.ca), ...packages(input), ...runtime(input), ""].join("\n"),
};

/** Lines that fill the environment in /venv, whose programs come first in PATH. */
type Installer = (input: RecipeInput) => string[];

/**
 * The tools that read lock files are the newest ones, which read those of all before them: what is installed is for the
 * lock file to say.
 */
const installers: Readonly<Record<string, Installer>> = {
  pip: (input) => {
    const from = within(input.service);
    const file = /(?:-r|--requirement)[ =]?(\S+)/.exec(input.service.install ?? "")?.[1];
    // Without a list the packages are those of the project itself, which is then read where it will lie.
    if (file === undefined && input.service.install?.includes("pip install"))
      return [`COPY ${whole(input.service)} .`, pip(input, "--editable .")];
    const list = literalPath(file ?? "requirements.txt");
    const folder = list.includes("/") ? list.slice(0, list.lastIndexOf("/") + 1) : "";
    return [
      folder === "" ? `COPY ${from}*requirements*.txt ${from}constraints*.txt ./` : `COPY ${from}${folder} ${folder}`,
      pip(input, `--requirement ${list}`),
    ];
  },
  uv: (input) => [
    // The environment is this one; Python is the image's; files are copied, since a cache mount is another file system.
    "ARG UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1",
    pip(input, "uv"),
    `COPY ${files(input, "pyproject.toml", "uv.lock")} ./`,
    uv(input, "--no-install-project"),
    "# A project that is a package itself is entered as the folder /app, and what it declares to run gets its programs.",
    `COPY ${whole(input.service)} .`,
    uv(input, ""),
  ],
  poetry: exported("poetry poetry-plugin-export", "poetry.lock", "poetry export --only main"),
  pdm: exported("pdm", "pdm.lock", "pdm export --prod --format requirements"),
  pipenv: exported("pipenv", "Pipfile.lock", "pipenv requirements --hash", "Pipfile"),
};

/** A tool writes what its lock file says as a list for pip, and stays out of what is built. */
function exported(tool: string, lock: string, command: string, manifest = "pyproject.toml"): Installer {
  return (input) => [
    `COPY ${files(input, manifest, lock)} ./`,
    `RUN ${cache("pip")}${authorityMount(input.ca)}python -m venv /tool && /tool/bin/pip install ${tool}`,
    `RUN /tool/bin/${command} > /requirements.txt`,
    pip(input, "--requirement /requirements.txt"),
  ];
}

const files = ({ service }: RecipeInput, ...names: string[]) => names.map((name) => within(service) + name).join(" ");

const cache = (tool: string) => `--mount=type=cache,target=/root/.cache/${tool} `;

const pip = ({ ca }: RecipeInput, what: string) =>
  `RUN ${cache("pip")}${authorityMount(ca)}pip install --disable-pip-version-check ${what}`;

const uv = ({ ca }: RecipeInput, what: string) =>
  `RUN ${cache("uv")}${authorityMount(ca)}${`uv sync --frozen --no-dev ${what}`.trim()}`;

function packages(input: RecipeInput): string[] {
  const { service, pinned, ca } = input;
  const manager = service.package_manager ?? "";
  return [
    `FROM ${pinned(pythonImage(service.runtime?.version))} AS packages`,
    "WORKDIR /app",
    "RUN python -m venv /venv",
    "ENV PATH=/venv/bin:$PATH",
    // ARG, not ENV: build steps see it, the image keeps nothing of it.
    ...authorityArgs(ca, manager === "uv" ? "uv" : "pip"),
    ...(installers[manager]?.(input) ?? []),
    ...build(input),
  ];
}

/** Only where there is something to build, e.g. pages' files that are collected. */
function build({ service, args, ca }: RecipeInput): string[] {
  if (service.build === null) return [];
  return [
    "",
    "FROM packages AS build",
    `COPY ${whole(service)} .`,
    ...buildArgs(args),
    `RUN ${authorityMount(ca)}${withoutRunner(service.build)}`,
  ];
}

function runtime({ service, port, pinned, writable }: RecipeInput): string[] {
  return [
    "",
    `FROM ${pinned(pythonImage(service.runtime?.version))}`,
    "# What is printed is to be read at once, not when a buffer is full.",
    "ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1",
    "WORKDIR /app",
    "RUN useradd --uid 1000 --create-home app",
    "# Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.",
    "COPY --from=packages /venv /venv",
    service.build === null ? `COPY ${whole(service)} .` : "COPY --from=build /app ./",
    ...ownedFolders(writable, "app"),
    "USER app",
    ...(port === null ? [] : [`EXPOSE ${port}`]),
    `CMD ${JSON.stringify(commandWords(withoutRunner(service.start ?? "")))}`,
  ];
}

/** The environment's programs come first in the image, which has no `uv run` and needs none. */
export const withoutRunner = (command: string): string =>
  command.replaceAll(/(^|&&\s*|;\s*)(?:uv|poetry|pdm|pipenv) run (?:--?\S+ )*/g, "$1");
