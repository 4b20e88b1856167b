import type { Node } from "web-tree-sitter";
import { compare, type Fact, stated } from "../facts.ts";
import { lookUp } from "./bindings.ts";
import { isHealthPath, rankOfHealth } from "./health.ts";
import { argumentsOf, at, type Code, type Module, stringOf } from "./modules.ts";

interface Route {
  module: Module;
  receiver: string;
  path: string;
  node: Node;
}

/** The path of a route that answers GET and is named after health, under the prefixes that its router is mounted at. */
export function healthRoute(code: Code): Fact<string> | undefined {
  const mounts = code.modules.flatMap(mountsOf);
  const found = code.modules
    .flatMap((module) => [...routesOf(module, "^(get|all)$"), ...comparedPaths(module)])
    .filter(({ path }) => isHealthPath(path))
    .flatMap((route) => {
      const prefix = prefixOf(route, mounts, 4);
      return prefix === undefined ? [] : [{ route, path: `${prefix}${route.path}`.replace(/\/+/g, "/") }];
    })
    .sort(
      (a, b) => rankOfHealth(a.path) - rankOfHealth(b.path) || a.path.length - b.path.length || compare(a.path, b.path),
    );
  const best = found[0];
  return (
    best && {
      ...stated(best.path, at(best.route.module, best.route.node, "a route named after health")),
      confidence: best.path === best.route.path ? "stated" : "inferred",
    }
  );
}

/** `app.get("/x", …)`, `router.route({ url: "/x" })` is not looked at. */
function routesOf(module: Module, methods: string): Route[] {
  return module
    .matches(
      `(call_expression function: (member_expression object: (_) @on property: (property_identifier) @method (#match? @method "${methods}"))) @call`,
    )
    .flatMap(({ on, call }) => {
      const given = call ? argumentsOf(call) : [];
      const path = stringOf(given[0]);
      // `cache.get("/health")` has no handler.
      return on && given[0] && path?.startsWith("/") && given.length > 1
        ? [{ module, receiver: on.text.slice(0, 60), path, node: given[0] }]
        : [];
    });
}

/** A server without a framework looks at the path itself: `req.url === "/healthz"`, `case "/healthz":`. */
function comparedPaths(module: Module): Route[] {
  const found = module.matches(`
    (binary_expression left: (_) @on operator: ["==" "==="] right: (string) @path)
    (switch_statement value: (_) @on body: (switch_body (switch_case value: (string) @path)))`);
  return found.flatMap(({ on, path }) => {
    const [, method, text] = /^(?:([A-Z]+) )?(\/\S*)$/.exec(stringOf(path) ?? "") ?? [];
    if (!path || text === undefined || !/^(?:GET)?$/.test(method ?? "")) return [];
    // `${request.method} ${pathname}`, under whatever name, is compared with "GET /healthz".
    const named = method ? (lookUpText(module, on) ?? "") : (on?.text.slice(-60) ?? "");
    return /(?:^|\W)(?:url|pathname|path)\W{0,2}$/i.test(named)
      ? [{ module, receiver: "", path: text, node: path }]
      : [];
  });
}

const lookUpText = (module: Module, node: Node | undefined): string | undefined =>
  (node?.type === "identifier" ? lookUp(module, node.text)?.node : node)?.text.slice(-60);

interface Mount extends Route {
  /** The module of the router that is mounted, and its name there. */
  target: { module: Module; name: string };
}

function mountsOf(module: Module): Mount[] {
  const found = module.matches(`
    (call_expression function: (member_expression object: (_) @on property: (property_identifier) @method (#match? @method "^(use|route|register)$"))) @call`);
  return found.flatMap(({ on, call }) => {
    const given = call ? argumentsOf(call) : [];
    const path = stringOf(given[0]) ?? "";
    return given.flatMap((one) => {
      const target = on && routerBehind(module, one);
      return target ? [{ module, receiver: on.text.slice(0, 60), path, node: one, target }] : [];
    });
  });
}

function routerBehind(module: Module, node: Node): { module: Module; name: string } | undefined {
  if (node.type === "identifier") {
    const binding = lookUp(module, node.text);
    if (!binding) return undefined;
    return {
      module: binding.module,
      name:
        binding.node.type === "identifier"
          ? binding.node.text
          : binding.module === module
            ? node.text
            : nameIn(binding.module, binding.node),
    };
  }
  const required = /^require\(\s*["']([^"']+)["']\s*\)$/.exec(node.text.slice(0, 200))?.[1];
  const target = required && module.resolve(required);
  return target ? { module: target, name: "router" } : undefined;
}

/** The name that an exported expression has in its own module. */
const nameIn = (module: Module, node: Node): string =>
  module
    .matches("(variable_declarator name: (identifier) @name value: (_) @value)")
    .find(({ value }) => value?.equals(node))?.["name"]?.text ?? node.text.slice(0, 60);

/** What stands before a route's path; undefined where it hangs on a router that nobody seems to mount. */
function prefixOf(
  { module, receiver }: Pick<Route, "module" | "receiver">,
  mounts: Mount[],
  steps: number,
): string | undefined {
  const mount = mounts.find(({ target }) => target.module === module && target.name === receiver);
  if (mount && steps > 0) {
    const outer = prefixOf(mount, mounts, steps - 1);
    return outer === undefined ? undefined : `${outer}${mount.path}`;
  }
  const made = lookUp(module, receiver)?.node.text ?? "";
  return /Router\s*\(/.test(made.slice(0, 200)) || (!made && /router|routes/i.test(receiver)) ? undefined : "";
}
