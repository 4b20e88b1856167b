import { posix } from "node:path";
import { nameFrom } from "../../source/name.ts";
import { datastoreKinds } from "../datastores/index.ts";
import { isAmbient } from "../env-names.ts";
import { exampleNames } from "../examples.ts";
import { externalServices } from "../externals.ts";
import { byDefault, type Fact, inferred, lineAt } from "../facts.ts";
import type { Found, FoundDatastore, ServiceFindings } from "../findings.ts";
import { literalLinks } from "../links.ts";
import { namesFor } from "../names.ts";
import { aboutPort, aboutRelease, aboutStart, aboutWritable } from "../questions.ts";
import type { View } from "../read.ts";
import type { Service, Writable } from "../schema.ts";
import { mergedEnv, type ServiceFacts, serviceOf } from "../service.ts";
import { type App, appsOf } from "./code/apps.ts";
import { envReads } from "./code/env.ts";
import { listening } from "./code/listen.ts";
import type { Code } from "./code/modules.ts";
import { healthRoute } from "./code/routes.ts";
import { type Script, scriptsOf } from "./code/scripts.ts";
import { writtenPaths } from "./code/writes.ts";
import type { Framework } from "./frameworks/framework.ts";
import { frameworks } from "./frameworks/index.ts";
import { managerOf } from "./managers/index.ts";
import type { Project } from "./manifests.ts";
import { queues } from "./queues/index.ts";
import { releaseOf } from "./release.ts";
import { pythonVersion } from "./runtime.ts";
import { serverStart } from "./start.ts";

interface Input {
  view: View;
  project: Project;
  code: Code;
  within: (path: string) => boolean;
  name: string;
}

/** The programs of one project: what it serves, and the workers beside it. None where it is a library. */
export function describeProject(input: Input): ServiceFindings[] {
  const { project, code } = input;
  const web = served(input);
  const workers = queues.flatMap((queue) => {
    const [app] = appsOf(code, project.path, queue.app);
    return app
      ? [
          asWorker(
            input,
            web !== undefined,
            inferred(queue.start(app), app.evidence),
            project.requirements.get(queue.packages[0] ?? "")?.evidence && queue.name,
          ),
        ]
      : [];
  });
  if (web || workers.length > 0) return [...(web ? [web] : []), ...workers];
  const script = scriptsOf(code, project.path).find((one) => one.loop !== undefined || !isTool(project, one));
  const started = script ? inferred(script.start, script.evidence) : mainFile(input);
  return started ? [asWorker(input, false, started, undefined)] : [];
}

/** What is called `main.py` in a project's own folder is started, even if nothing in it says so. */
function mainFile({ view, project }: Input): Fact<string> | undefined {
  const name = ["main.py", "app.py"].find((one) => view.text(posix.join(project.path, one))?.trim());
  const line = /\S/.exec(view.text(posix.join(project.path, name ?? "")) ?? "")?.index ?? 0;
  if (name === undefined || project.scripts.size > 0) return undefined;
  const file = posix.join(project.path, name);
  return inferred(`python ${name}`, { file, line: lineAt(view.text(file) ?? "", line), rule: "the main file" });
}

/** What is installed as a command, or reads its command line, is for people to call. */
const isTool = ({ scripts }: Project, { tool }: Script) => tool || scripts.size > 0;

function served(input: Input): ServiceFindings | undefined {
  const { project, code, view } = input;
  const own = listening(code);
  const found = frameworks.flatMap((framework) => {
    const app = appOf(framework, input);
    return app ? [{ framework, app }] : [];
  });
  const [first] = found;
  const opened = own.file !== undefined && own.at ? { file: own.file, at: own.at } : undefined;
  if (!first && !opened) return undefined;
  const framework = first?.framework;
  const at = first && (requirementOf(project, first.framework) ?? first.app.evidence);
  const port =
    own.port ??
    (at && framework ? byDefault(framework.defaultPort, at) : own.portEnvAt && byDefault(8000, own.portEnvAt));
  const script = scriptsOf(code, project.path).find(({ file }) => file === opened?.file);
  const start = first
    ? serverStart(project, first.framework, first.app, port?.value ?? first.framework.defaultPort)
    : opened && inferred(script?.start ?? `python ${ownPath(project, opened.file)}`, script?.evidence ?? opened.at);
  // A server that is told on its command line hears PORT there.
  const started = start ?? (script && inferred(script.start, script.evidence));
  return findings(
    input,
    {
      kind: framework?.kind ?? "api",
      frameworks: found.map((one) => one.framework.name),
      port_env: started?.value.includes("${PORT:-") ? "PORT" : (own.portEnv ?? null),
    },
    {
      framework: framework && at && inferred(framework.name, at),
      start: started,
      release: releaseOf(view, project),
      port,
      health_path: healthRoute(code),
    },
    { writable: true },
  );
}

function appOf(framework: Framework, { project, code, view }: Input): App | undefined {
  const [app] = appsOf(code, project.path, framework.app);
  if (app || framework.name !== "django") return app;
  const manage = project.path === "." ? "manage.py" : `${project.path}/manage.py`;
  const settings = /DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)\.settings/.exec(view.text(manage) ?? "")?.[1];
  if (settings === undefined) return undefined;
  const evidence = { file: manage, line: 1, rule: "manage.py of Django" };
  return { module: `${settings}.wsgi`, object: "application", file: manage, root: ".", evidence, text: "" };
}

const requirementOf = ({ requirements }: Project, { packages }: Framework) =>
  packages.map((name) => requirements.get(name)?.evidence).find((evidence) => evidence !== undefined);

const ownPath = ({ path }: Project, file: string) => (path === "." ? file : file.slice(path.length + 1));

/** A process that nobody asks over HTTP. Beside a program that is asked it is named after what it is. */
function asWorker(input: Input, beside: boolean, start: Fact<string>, queue: string | undefined): ServiceFindings {
  const { project } = input;
  const found = findings(input, { kind: "worker", frameworks: queue ? [queue] : [] }, { start }, { writable: !beside });
  if (!beside) return found;
  const own = project.path === "." ? [] : [`${nameFrom(project.path)}-worker`];
  return { ...found, names: ["worker", ...own, `${nameFrom(project.name ?? input.name)}-worker`] };
}

/** What holds for every program of a project. */
function findings(
  { view, project, code, name }: Input,
  known: Pick<Service, "kind"> & Partial<Service>,
  facts: ServiceFacts,
  { writable }: { writable: boolean },
): ServiceFindings {
  const chosen = managerOf(view, project);
  const version = pythonVersion(view, project);
  const names = namesFor(project.path, project.name, name);
  const dockerfile = project.path === "." ? "Dockerfile" : `${project.path}/Dockerfile`;
  const env = mergedEnv([...envReads(code), ...exampleNames(view, project.path)]).filter((one) => !isAmbient(one.name));
  const service = serviceOf(
    {
      name: nameFrom(names[0] ?? name),
      path: project.path,
      language: "python",
      dockerfile: view.has(dockerfile) ? dockerfile : null,
      writable: writable ? writtenPaths(code).map((one) => placed(project.path, one)) : [],
      ...known,
    },
    {
      runtime: { ...version, value: { name: "python", version: version.value } },
      package_manager: { ...chosen.manager, value: chosen.manager.value.name },
      install: { ...chosen.manager, value: chosen.manager.value.install(chosen.locked, project) },
      ...facts,
    },
  );
  return {
    service,
    names,
    datastores: datastoresOf(project, known.kind === "worker"),
    env,
    external: externalOf(project),
    links: literalLinks(code.modules),
    questions: (one) => [...aboutStart(one), ...aboutPort(one), ...aboutRelease(one, []), ...aboutWritable(one)],
  };
}

/** A worker that has a driver for a queue's store waits on it. */
const datastoresOf = ({ requirements }: Project, isWorker: boolean): FoundDatastore[] =>
  datastoreKinds.flatMap((kind) => {
    const drivers = kind.packages.pypi.flatMap((name) => requirements.get(name) ?? []);
    const brokers = [...requirements.values()].filter(({ extras }) => extras.includes(kind.name));
    const evidence = [...drivers, ...brokers].map((one) => one.evidence).slice(0, 3);
    const needed = isWorker || brokers.length > 0 || drivers.some(({ name }) => kind.demandedBy.includes(name));
    return evidence.length > 0 ? [{ what: kind, evidence, needed }] : [];
  });

const externalOf = ({ requirements }: Project): Found<string>[] =>
  externalServices.flatMap(({ name, python = [] }) => {
    const used = python.flatMap((one) => requirements.get(one)?.evidence ?? []);
    return used.length > 0 ? [{ what: name, evidence: used }] : [];
  });

/** A path of the source as the service sees it. */
const placed = (folder: string, one: Writable): Writable =>
  folder !== "." && one.path.startsWith(`${folder}/`) ? { ...one, path: one.path.slice(folder.length + 1) } : one;
