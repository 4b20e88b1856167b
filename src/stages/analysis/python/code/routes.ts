import type { Node } from "web-tree-sitter";
import { isHealthPath, rankOfHealth } from "../../code/health.ts";
import { at } from "../../code/syntax.ts";
import { compare, type Fact, stated } from "../../facts.ts";
import { type Code, callOf, callsOf, globalsOf, importsOf, type Module, stringOf } from "./modules.ts";
import { evaluate } from "./values.ts";

interface Route {
  module: Module;
  /** The app, router or blueprint that it hangs on; "" where it hangs on a list of URLs. */
  receiver: string;
  path: string;
  node: Node;
}

/** The path of a route that answers GET and is named after health, under the prefixes that its router is mounted at. */
export function healthRoute(code: Code): Fact<string> | undefined {
  const mounts = code.modules.flatMap(mountsOf);
  const routes = code.modules.flatMap((module) => [...routesOf(module), ...urlsOf(module), ...comparedPaths(module)]);
  const found = routes
    .filter(({ path }) => isHealthPath(path))
    .flatMap((route) => {
      const prefix = prefixOf(route, mounts, 5);
      return prefix === undefined ? [] : [{ route, path: `${prefix}${route.path}`.replace(/\/+/g, "/") }];
    })
    .sort(
      (a, b) => rankOfHealth(a.path) - rankOfHealth(b.path) || a.path.length - b.path.length || compare(a.path, b.path),
    );
  const best = found[0];
  if (!best) return undefined;
  const line = best.route.node.text.includes(best.path);
  return {
    ...stated(best.path, at(best.route.module, best.route.node, "a route named after health")),
    confidence: line ? "stated" : "inferred",
  };
}

/** `@app.get("/x")`, `@app.route("/x")`, `app.add_api_route("/x", …)`, `Route("/x", …)`, `web.get("/x", …)`. */
const routesOf = (module: Module): Route[] =>
  callsOf(module).flatMap(({ node, called, args, keywords }) => {
    const [, receiver = "", method] =
      /^(?:(\w+)\.)?(?:router\.)?(get|route|api_route|add_api_route|add_route|add_url_rule|add_get|head|Route)$/.exec(
        called,
      ) ?? [];
    const path = stringOf(args[0] ?? keywords.get("path"));
    if (method === undefined || path === undefined || !path.startsWith("/")) return [];
    const decorates = node.parent?.type === "decorator";
    // `cache.get("/health")` answers nobody.
    if (/^(?:get|head|route|api_route)$/.test(method) && !decorates && args.length < 2) return [];
    if (!/GET/.test(keywords.get("methods")?.text ?? "GET")) return [];
    return [{ module, receiver: method === "Route" ? "" : receiver, path, node: args[0] ?? node }];
  });

/** Django's `path("health/", …)` and `re_path(r"^health/?$", …)`. */
const urlsOf = (module: Module): Route[] =>
  /urlpatterns/.test(module.text)
    ? callsOf(module).flatMap(({ called, args }) => {
        const text = /^(?:path|re_path|url)$/.test(called) ? stringOf(args[0]) : undefined;
        if (text === undefined || !args[0] || /include\(/.test(args[1]?.text.slice(0, 20) ?? "")) return [];
        const path = `/${text.replace(/^\^|\$$/g, "").replace(/\/\?$/, "/")}`;
        return [{ module, receiver: "", path, node: args[0] }];
      })
    : [];

/** A server without a framework looks at the path itself: `if self.path == "/healthz"`. */
const comparedPaths = (module: Module): Route[] =>
  module
    .matches("(comparison_operator (attribute attribute: (identifier) @on) (string) @path)")
    .flatMap(({ on, path }) => {
      const text = stringOf(path);
      return path && text && /^path$/.test(on?.text ?? "") ? [{ module, receiver: "", path: text, node: path }] : [];
    });

interface Mount {
  module: Module;
  receiver: string;
  path: string;
  target: { module: Module; name: string };
}

/** `app.include_router(users.router, prefix="/users")`, `app.register_blueprint(bp, url_prefix="/x")`, `path("api/", include("x.urls"))`. */
const mountsOf = (module: Module): Mount[] =>
  callsOf(module).flatMap(({ called, args, keywords }) => {
    const receiver = /^(\w+)\.(?:include_router|register_blueprint|mount)$/.exec(called)?.[1];
    if (receiver !== undefined) {
      const mounted = called.endsWith(".mount") ? args[1] : (args[0] ?? keywords.get("router"));
      const target = mounted && targetOf(module, mounted);
      const given = called.endsWith(".mount") ? args[0] : (keywords.get("prefix") ?? keywords.get("url_prefix"));
      return target ? [{ module, receiver, path: prefixText(module, given), target }] : [];
    }
    const included = /^(?:path|re_path|url)$/.test(called) && args[1]?.type === "call" ? callOf(args[1]) : undefined;
    const other = included?.called === "include" ? module.resolve(stringOf(included.args[0]) ?? "") : undefined;
    const path = `/${(stringOf(args[0]) ?? "").replace(/^\^/, "")}`.replace(/\/$/, "");
    return other && other !== module ? [{ module, receiver: "", path, target: { module: other, name: "" } }] : [];
  });

/** A prefix that is a text, or a setting of this program that is one: `settings.API_V1_STR`. */
function prefixText(module: Module, node: Node | undefined): string {
  const own = stringOf(node);
  if (own !== undefined || !node) return own ?? "";
  const attribute = /^(\w+)\.(\w+)$/.exec(node.text);
  if (!attribute) {
    const { literal } = evaluate(module, node);
    return typeof literal?.value === "string" ? literal.value : "";
  }
  const from = importsOf(module).get(attribute[1] ?? "");
  const other = from ? (module.resolve(`${from.from}.${from.name}`) ?? module.resolve(from.from)) : module;
  for (const { left, right } of other?.matches("(assignment left: (identifier) @left right: (string) @right)") ?? [])
    if (left?.text === attribute[2]) return stringOf(right) ?? "";
  return "";
}

function targetOf(module: Module, node: Node): { module: Module; name: string } | undefined {
  const [, first = "", second] = /^(\w+)(?:\.(\w+))?$/.exec(node.text.slice(0, 120)) ?? [];
  const from = importsOf(module).get(first);
  if (!from) return second === undefined && first !== "" ? { module, name: first } : undefined;
  if (second === undefined) {
    const other = module.resolve(from.from);
    return other && { module: other, name: from.name };
  }
  const other =
    from.from === "" ? undefined : (module.resolve(joinName(from.from, from.name)) ?? module.resolve(from.from));
  return other && { module: other, name: second };
}

const joinName = (from: string, name: string) =>
  name === "" ? from : from.endsWith(".") ? from + name : `${from}.${name}`;

/** What stands before a route's path; undefined where it hangs on a router that nobody seems to mount. */
function prefixOf(route: Pick<Route, "module" | "receiver">, mounts: Mount[], steps: number): string | undefined {
  const { module, receiver } = route;
  const made = receiver === "" ? undefined : globalsOf(module).get(receiver)?.value;
  const call = made?.type === "call" ? callOf(made) : undefined;
  const isRouter = /(?:^|\.)(?:\w*Router|Blueprint)$/.test(call?.called ?? "");
  const own = call ? prefixText(module, call.keywords.get("prefix") ?? call.keywords.get("url_prefix")) : "";
  const mount = mounts.find(({ target }) => target.module === module && target.name === receiver);
  if (mount && steps > 0) {
    const outer = prefixOf(mount, mounts, steps - 1);
    return outer === undefined ? undefined : `${outer}${mount.path}${own}`;
  }
  return isRouter ? undefined : own;
}
