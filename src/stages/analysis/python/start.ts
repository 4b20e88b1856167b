import { type Fact, inferred } from "../facts.ts";
import type { App } from "./code/apps.ts";
import type { Framework } from "./frameworks/framework.ts";
import type { Project } from "./manifests.ts";

/** Python's servers, by the interface of applications that they serve; the first that the project requires is taken. */
const servers: {
  packages: RegExp;
  serves: ("asgi" | "wsgi")[];
  start(app: { object: string; port: number; root: string }): string;
}[] = [
  {
    packages: /^(?:uvicorn|fastapi\[(?:standard|all)\]|python-fasthtml)$/,
    serves: ["asgi"],
    start: ({ object, port, root }) =>
      `uvicorn${factory(object)} ${plain(object)}${root === "." ? "" : ` --app-dir ${root}`} --host 0.0.0.0 --port \${PORT:-${port}}`,
  },
  {
    packages: /^hypercorn$/,
    serves: ["asgi"],
    start: ({ object, port, root }) => `${inside(root)}hypercorn ${object} --bind 0.0.0.0:\${PORT:-${port}}`,
  },
  {
    packages: /^daphne$/,
    serves: ["asgi"],
    start: ({ object, port, root }) => `${inside(root)}daphne --bind 0.0.0.0 --port \${PORT:-${port}} ${object}`,
  },
  {
    packages: /^gunicorn$/,
    serves: ["wsgi"],
    start: ({ object, port, root }) =>
      `gunicorn ${quoted(object)}${root === "." ? "" : ` --chdir ${root}`} --bind 0.0.0.0:\${PORT:-${port}}`,
  },
  {
    packages: /^waitress$/,
    serves: ["wsgi"],
    start: ({ object, port, root }) =>
      `${inside(root)}waitress-serve${factory(object, "--call")} --listen=0.0.0.0:\${PORT:-${port}} ${plain(object)}`,
  },
  {
    packages: /^uvicorn$/,
    serves: ["wsgi"],
    start: ({ object, port, root }) =>
      `uvicorn --interface wsgi${factory(object)} ${plain(object)}${root === "." ? "" : ` --app-dir ${root}`} --host 0.0.0.0 --port \${PORT:-${port}}`,
  },
];

const plain = (object: string) => object.replace(/\(\)$/, "");
const factory = (object: string, flag = "--factory") => (object.endsWith(")") ? ` ${flag}` : "");
const quoted = (object: string) => (object.endsWith(")") ? `'${object}'` : object);
const inside = (root: string) => (root === "." ? "" : `cd ${root} && exec `);

/** How an application is served: by the server that the project requires, else by what its framework brings. */
export function serverStart(project: Project, framework: Framework, app: App, port: number): Fact<string> | undefined {
  const object = `${app.module}:${app.object}`;
  if (framework.interface === null) {
    const own = project.path === "." ? app.file : app.file.slice(project.path.length + 1);
    const start = framework.start?.({ file: own, object, port });
    return start === undefined ? undefined : inferred(start, app.evidence);
  }
  // An ASGI application answers no WSGI server.
  const serves =
    /get_asgi_application/.test(app.text) && !/get_wsgi_application/.test(app.text) ? "asgi" : framework.interface;
  for (const server of servers.filter((one) => one.serves.includes(serves))) {
    const required = requiredBy(project, server.packages);
    if (required) return inferred(server.start({ object, port, root: app.root }), required, app.evidence);
  }
  if (framework.name === "flask" || framework.name === "quart") {
    const path = app.root === "." ? object : `${app.root}/${object.replaceAll(".", "/").replace(/:/, ".py:")}`;
    return inferred(
      `${framework.name} --app ${quoted(path)} run --host 0.0.0.0 --port \${PORT:-${port}}`,
      app.evidence,
    );
  }
  return undefined;
}

/** The line that requires a package, also as `fastapi[standard]`. */
function requiredBy({ requirements }: Project, packages: RegExp) {
  for (const { name, extras, evidence } of requirements.values()) {
    if (packages.test(name) || extras.some((extra) => packages.test(`${name}[${extra}]`))) return evidence;
  }
  return undefined;
}
