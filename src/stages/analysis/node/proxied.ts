import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { evaluate } from "../code/evaluate.ts";
import { at, type Code, type Module } from "../code/modules.ts";
import { property } from "../code/objects.ts";
import type { Link } from "../findings.ts";
import { addressIn, literalLinks } from "../links.ts";
import type { View } from "../read.ts";
import type { Manifest } from "./manifest.ts";
import { configModule, wholeOf, within } from "./site.ts";

export interface Proxied {
  links: Link[];
  /** Paths that the program behind gets without them. */
  stripped: Link[];
}

/** What a front end's server for development hands on to another program: Vite's server.proxy, and the others' like of it. */
export function proxiedBy(view: View, manifest: Manifest, code: Code): Proxied {
  const vite = configModule(code, manifest, "vite");
  const found = vite ? viteProxies(vite) : [];
  return {
    links: [
      ...found.map(({ link }) => link),
      ...ofManifest(manifest),
      ...ofAngular(view, manifest),
      ...literalLinks(code.modules),
    ],
    stripped: found.flatMap(({ link, strips }) => (strips ? [link] : [])),
  };
}

function viteProxies(module: Module): { link: Link; strips: boolean }[] {
  const whole = wholeOf(module);
  const proxy = whole && within(whole, ["server", "proxy"]);
  return (proxy?.node.namedChildren ?? []).flatMap((pair) => {
    const key = pair.childForFieldName("key")?.text.replace(/^["'`]|["'`]$/g, "");
    const value = pair.childForFieldName("value");
    if (pair.type !== "pair" || key === undefined || !value || !proxy) return [];
    const target = property(proxy.module, value, "target");
    const address = addressOf(target?.module ?? proxy.module, target?.node ?? value);
    if (!address) return [];
    const link = { ...address, paths: pathsIn(key), evidence: at(proxy.module, pair, "server.proxy") };
    return [
      { link, strips: property(proxy.module, value, "rewrite") !== undefined || /\brewrite\s*\(/.test(value.text) },
    ];
  });
}

function addressOf(module: Module, node: Node) {
  const { literal } = evaluate(module, node);
  return typeof literal?.value === "string" ? addressIn(literal.value) : undefined;
}

/** `/api`, `/api/`, `^/api/.*`: the whole segments that such paths begin with. */
function pathsIn(key: string): string[] {
  const path = /^\^?(\/[\w.~-]+(?:\/[\w.~-]+)*)\/?(?:\*|\(|\.\*|\$|$)/.exec(key)?.[1];
  return path === undefined ? [] : [path.replace(/\/?\.$/, "")];
}

/** Create React App: `"proxy": "http://localhost:5000"`. It hands on what is no file, so no path is named. */
function ofManifest(manifest: Manifest): Link[] {
  const said = manifest.get("proxy");
  const address = typeof said === "string" ? addressIn(said) : undefined;
  return address ? [{ ...address, paths: [], evidence: manifest.at(["proxy"], "proxy") }] : [];
}

/** Angular: a file of paths with their targets. */
function ofAngular(view: View, manifest: Manifest): Link[] {
  return ["proxy.conf.json", "src/proxy.conf.json"].flatMap((name) => {
    const file = posix.join(manifest.path, name);
    const lines = (view.text(file) ?? "").split("\n").slice(0, 500);
    let paths: string[] = [];
    return lines.flatMap((line, index) => {
      const key = /^\s*"(\/[^"]{0,100})"\s*:/.exec(line)?.[1];
      if (key !== undefined) paths = pathsIn(key.replace(/\/\*+$/, "/"));
      const address = addressIn(/"target"\s*:\s*"([^"]{1,200})"/.exec(line)?.[1] ?? "");
      return address
        ? [{ ...address, paths, evidence: { file, line: index + 1, rule: "proxy of the development server" } }]
        : [];
    });
  });
}
