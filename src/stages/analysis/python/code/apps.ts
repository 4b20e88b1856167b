import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { at } from "../../code/syntax.ts";
import { compare } from "../../facts.ts";
import type { Evidence } from "../../schema.ts";
import { type Code, callOf, globalsOf, importsOf, type Module } from "./modules.ts";

const { dirname, join, relative } = posix;

/** An application object, as servers are told it: `uvicorn app.main:app`, from the folder that Python imports from. */
export interface App {
  /** `app.main` */
  module: string;
  /** `app`, or `create_app()` where a function makes it. */
  object: string;
  file: string;
  /** The folder that names are imported from, relative to the project's: "." unless it has another. */
  root: string;
  evidence: Evidence;
  text: string;
}

/** The program's applications of a kind: the one that is meant to be served first. */
export function appsOf(code: Code, project: string, kind: { module: RegExp; called: RegExp }): App[] {
  const found = code.modules.flatMap((module) => {
    if (![...importsOf(module).values()].some(({ from }) => kind.module.test(from))) return [];
    return [...globalApps(module, kind.called), ...factories(module, kind.called)].map(({ object, node }) => ({
      ...importName(module, project, code),
      object,
      file: module.path,
      evidence: at(module, node, "the application"),
      text: module.text,
    }));
  });
  return found.sort((a, b) => rank(a, project) - rank(b, project) || compare(a.file, b.file));
}

function globalApps(module: Module, called: RegExp): { object: string; node: Node }[] {
  const plain = [...globalsOf(module)].flatMap(([object, { value }]) =>
    value.type === "call" && called.test(callOf(value).called) ? [{ object, node: value }] : [],
  );
  // `app, rt = fast_app()`
  const listed = module
    .matches("(assignment left: (pattern_list . (identifier) @name) right: (call) @value)")
    .flatMap(({ name, value }) =>
      name && value && called.test(callOf(value).called) ? [{ object: name.text, node: value }] : [],
    );
  // `dramatiq.set_broker(…)` gives nothing a name.
  const unnamed = module
    .matches("(module (expression_statement (call) @call))")
    .flatMap(({ call }) => (call && called.test(callOf(call).called) ? [{ object: "", node: call }] : []));
  return [...plain, ...listed, ...unnamed];
}

/** `def create_app(): … return app`: without an argument that has to be given. */
const factories = (module: Module, called: RegExp): { object: string; node: Node }[] =>
  module
    .matches(
      "(module (function_definition name: (identifier) @name parameters: (parameters) @parameters body: (block) @body))",
    )
    .flatMap(({ name, parameters, body }) => {
      const needs = parameters?.namedChildren.some(({ type }) => /^(?:identifier|typed_parameter)$/.test(type));
      if (!name || !body || needs || !/^(?:create|make|build|get|init)_\w*app\w*$/.test(name.text)) return [];
      const made = body.descendantsOfType("call").find((call) => call && called.test(callOf(call).called));
      return made ? [{ object: `${name.text}()`, node: made }] : [];
    });

/** How a module is imported, and from which folder, relative to the project's. */
export function importName(module: Module, project: string, code: Code): { module: string; root: string } {
  const own = project === "." ? module.path : relative(project, module.path);
  // Django is started where its manage.py is.
  const manage = code.modules.find(({ path }) => /(?:^|\/)manage\.py$/.test(path) && path.split("/").length <= 3);
  const started = manage && dirname(project === "." ? manage.path : relative(project, manage.path));
  const root =
    started !== undefined && (started === "." || own.startsWith(`${started}/`))
      ? started
      : importRoot(module, dirname(own));
  const name = (root === "." ? own : relative(root, own)).replace(/\.py$/, "").replaceAll("/", ".");
  return { module: name.replace(/\.__init__$/, ""), root };
}

/** `from database import x` beside `database.py`: it is started in that folder. A folder `src` is no package of its own. */
function importRoot(module: Module, folder: string): string {
  if (folder === ".") return ".";
  const names = [...importsOf(module).values()].map(({ from }) => from);
  const here = dirname(module.path);
  const beside = names.some((name) => {
    const base = join(here, name.replaceAll(".", "/"));
    const path = name.startsWith(".") ? undefined : module.resolve(name)?.path;
    return path !== undefined && path !== module.path && (path === `${base}.py` || path === join(base, "__init__.py"));
  });
  if (beside) return folder;
  const isPackage =
    names.some((name) => /^src\b/.test(name)) || (folder === "src" && names.some((name) => name.startsWith(".")));
  return /^src(?:\/|$)/.test(folder) && !isPackage ? "src" : ".";
}

const usual = ["asgi", "wsgi", "main", "app", "server", "application", "api", "run", "__init__"];

/** The nearest to the project's folder under a usual name; a made application before the function that makes it. */
function rank({ file, object, root }: Pick<App, "file" | "object" | "root">, project: string): number {
  const own = relative(project === "." ? "" : project, join(file));
  const name = usual.indexOf(/([^/]+)\.py$/.exec(file)?.[1] ?? "");
  return (
    (own.split("/").length - (root === "src" ? 1 : 0)) * 100 + (name < 0 ? 50 : name) + (object.endsWith(")") ? 20 : 0)
  );
}
