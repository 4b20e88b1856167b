import { posix } from "node:path";
import semver from "semver";
import { byDefault, type Fact, inferred, linesWith, stated } from "../facts.ts";
import type { View } from "../read.ts";
import type { Service } from "../schema.ts";
import type { Manifest } from "./manifest.ts";

const { join } = posix;

/** The runtime of a package: as it says, or as the root of its workspace does. */
export function versioned(
  view: View,
  manifest: Manifest,
  root: Manifest | undefined,
): Fact<NonNullable<Service["runtime"]>> {
  const version = nodeVersion(view, root && root !== manifest ? [manifest, root] : [manifest]);
  return { ...version, value: { name: "node", version: version.value } };
}

/** Long-term releases with their names, newest first. As of 2026-11. */
const longTerm = [
  { major: 24, name: "krypton" },
  { major: 22, name: "jod" },
  { major: 20, name: "iron" },
  { major: 18, name: "hydrogen" },
  { major: 16, name: "gallium" },
];
const newest = "24";

/** The version of Node that a package asks for: an exact one or a major. Of a range, the newest long-term release in it. */
function nodeVersion(view: View, manifests: Manifest[]): Fact<string> {
  for (const manifest of manifests) {
    const found = fromFiles(view, manifest.path) ?? fromManifest(manifest);
    if (found) return found;
  }
  const file = manifests[0]?.file ?? "package.json";
  return byDefault(newest, { file, line: 1, rule: "no version is named: the newest long-term release" });
}

function fromFiles(view: View, path: string): Fact<string> | undefined {
  for (const [name, pattern] of [
    [".nvmrc", /^\s*v?([\w./*-]+)\s*(?:#.*)?$/],
    [".node-version", /^\s*v?([\w./*-]+)\s*(?:#.*)?$/],
    [".tool-versions", /^\s*node(?:js)?\s+v?([\w.]+)/],
    ["mise.toml", /^\s*node\s*=\s*"v?([\w.]+)"/],
    [".mise.toml", /^\s*node\s*=\s*"v?([\w.]+)"/],
  ] as const) {
    const file = join(path, name);
    const text = view.text(file);
    const line = text?.split("\n").find((one) => pattern.test(one));
    const said = line === undefined ? undefined : pattern.exec(line)?.[1];
    const version = said === undefined ? undefined : named(said);
    if (text !== undefined && version !== undefined) return stated(version, ...linesWith(file, text, pattern, name, 1));
  }
  return undefined;
}

function fromManifest(manifest: Manifest): Fact<string> | undefined {
  for (const path of [
    ["volta", "node"],
    ["engines", "node"],
  ]) {
    const said = manifest.get(...path);
    if (typeof said !== "string" || said.length > 200) continue;
    const exact = named(said);
    if (exact !== undefined) return stated(exact, manifest.at(path, path.join(".")));
    const fitting = longTerm.find(({ major }) => intersects(said, major));
    if (fitting) return inferred(String(fitting.major), manifest.at(path, "newest long-term release in the range"));
  }
  return undefined;
}

const intersects = (range: string, major: number) =>
  semver.validRange(range) !== null && semver.intersects(range, `${major}.x`);

/** `24`, `22.11.0`, `24.x`, `lts/*`, `lts/jod`, `lts`; undefined for a range. */
function named(said: string): string | undefined {
  const text = said.trim().toLowerCase();
  if (/^\d+(?:\.\d+){0,2}$/.test(text)) return text;
  const partial = /^[v^~=]?(\d+)(?:\.(?:x|\*))*$/.exec(text);
  if (partial?.[1]) return partial[1];
  if (/^(?:lts(?:\/\*)?|latest|node|current|stable)$/.test(text)) return newest;
  const codename = /^(?:lts\/)?(\w+)$/.exec(text)?.[1];
  return longTerm.find(({ name }) => name === codename)?.major.toString();
}
