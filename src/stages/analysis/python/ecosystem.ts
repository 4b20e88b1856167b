import { posix } from "node:path";
import { compare } from "../facts.ts";
import type { Ecosystem, ServiceFindings } from "../findings.ts";
import type { View } from "../read.ts";
import type { Monorepo } from "../schema.ts";
import { readPython } from "./code/modules.ts";
import { manifestNames, type Project, readProject } from "./manifests.ts";
import { describeProject } from "./project.ts";

const { dirname } = posix;

/** Programs that run on Python, known by their manifests and by what their code serves or waits for. */
export const python: Ecosystem = {
  name: "python",
  async find(view, name) {
    const projects = readProjects(view);
    const services: ServiceFindings[] = [];
    for (const project of projects) {
      const within = programFiles(project, projects);
      using code = await readPython(view, within);
      services.push(...describeProject({ view, project, code, within, name }));
    }
    return { monorepo: monorepoOf(projects), services };
  },
};

const maxProjects = 200;
/** What shows or checks a program, and is none itself. */
const beside =
  /(?:^|\/)(?:tests?|docs?|examples?|samples?|fixtures?|benchmarks?|notebooks?|\.github|site-packages|templates?|management\/commands|(?:migrations|alembic)\/versions)(?:\/|$)|(?:^|\/)migrations\/\d|(?:^|\/)(?:conftest|test_\w+|\w+_test|noxfile|setup|fabfile)\.py$/;

function readProjects(view: View): Project[] {
  const folders = new Set(
    view.files
      .filter(({ path }) => manifestNames.test(path) && !beside.test(dirname(path)))
      .map(({ path }) => dirname(path)),
  );
  // Without any manifest, files at the root may be a program all the same.
  if (folders.size === 0 && view.files.some(({ path }) => /^(?:main|app|server|wsgi|asgi)\.py$/.test(path)))
    folders.add(".");
  const projects = [...folders]
    .sort(compare)
    .slice(0, maxProjects)
    .map((folder) => readProject(view, folder))
    .filter((project) => project !== undefined);
  // manage.py alone says where Django's project lies; what it requires may be listed above it.
  return projects.filter(
    ({ path, file }) =>
      !file.endsWith("manage.py") ||
      !projects.some((other) => !other.file.endsWith("manage.py") && path !== "." && isInside(other.path, path)),
  );
}

const isInside = (folder: string, path: string) => folder === "." || path.startsWith(`${folder}/`);

/** The files of a project that its program is made of: not those of a project inside it. */
function programFiles(project: Project, projects: Project[]): (path: string) => boolean {
  const inner = projects
    .map(({ path }) => path)
    .filter((path) => path !== project.path && isInside(project.path, path));
  return (path) => {
    if (!isInside(project.path, path) || inner.some((folder) => isInside(folder, path))) return false;
    return !beside.test(project.path === "." ? path : path.slice(project.path.length + 1));
  };
}

function monorepoOf(projects: Project[]): Monorepo | null {
  const workspace = projects.find((project) => project.get("tool", "uv", "workspace") !== undefined);
  if (!workspace) return null;
  return {
    tools: ["uv-workspaces"],
    packages: projects.map(({ path }) => path).filter((path) => path !== workspace.path),
  };
}
