import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect, test } from "vitest";

/**
 * Who may import whom: the shape of the code, written once and checked. A key is a file or folder of src; the most specific
 * one counts. `own` names other parts of ours (a folder covers what is below it), `packages` what comes from outside
 * (`node:*`: any of Node's own modules). Type-only imports of `types` are allowed too.
 */
interface Rule {
  own: string[];
  packages: string[];
  types?: string[];
}

const pure = ["node:path", "node:crypto", "zod"];

const table: Record<string, Rule> = {
  kit: { own: [], packages: ["node:*", "zod", "dockerfile-ast"] },
  host: { own: ["kit"], packages: ["node:*", "zod", "ssh2", "dockerode", "ssh-config"] },
  run: { own: ["kit"], packages: ["node:*", "zod"] },
  store: { own: ["kit"], packages: ["node:*", "zod"], types: ["run", "approval", "secrets"] },
  secrets: { own: ["kit", "store"], packages: ["node:*", "zod"] },
  approval: { own: ["kit", "store"], packages: ["node:*", "zod"] },
  drivers: { own: ["kit", "host"], packages: ["node:*", "zod"] },
  proxies: { own: ["kit", "host"], packages: ["node:*", "zod", "dockerode"] },
  "stages/context.ts": { own: ["kit", "host", "run"], packages: ["dockerode"] },
  "stages/source": {
    own: ["kit"],
    packages: ["node:*", "zod", "ignore", "@balena/dockerignore", "simple-git"],
  },
  "stages/analysis": {
    own: ["kit", "stages/source"],
    packages: [
      "node:path",
      "node:fs",
      "node:fs/promises",
      "node:crypto",
      "node:url",
      "node:module",
      "zod",
      "yaml",
      "semver",
      "dotenv",
      "jsonc-parser",
      "smol-toml",
      "web-tree-sitter",
      "ignore",
    ],
  },
  "stages/survey": {
    own: ["kit", "host", "drivers"],
    packages: ["node:*", "zod", "dockerode"],
    types: ["store", "stages/plan"],
  },
  "stages/plan": { own: ["kit", "proxies"], packages: pure, types: ["stages/analysis", "stages/survey"] },
  "stages/provision": {
    own: [...["kit", "host", "run", "secrets", "drivers", "proxies", "stages/plan"], "stages/context.ts"],
    packages: ["node:*", "zod", "dockerode"],
  },
  "stages/build": {
    own: [...["kit", "host", "run", "secrets", "drivers", "proxies", "stages/plan"], "stages/context.ts"],
    packages: ["node:*", "zod", "dockerode", "tar-stream", "protobufjs"],
  },
  "stages/deploy": {
    own: [...["kit", "host", "run", "secrets", "drivers", "proxies", "stages/plan"], "stages/context.ts"],
    packages: ["node:*", "zod", "dockerode", "yaml"],
  },
  "stages/operate": {
    own: [...["kit", "host", "run", "secrets", "proxies", "stages/plan", "stages/deploy"], "stages/context.ts"],
    packages: ["node:*", "zod", "dockerode"],
  },
  "pipeline.ts": { own: ["run", "stages"], packages: [] },
  services: {
    own: ["kit", "host", "run", "store", "secrets", "approval", "drivers", "proxies", "stages", "pipeline.ts"],
    packages: ["node:*", "zod", "dockerode"],
  },
  "services.ts": {
    own: ["kit", "host", "run", "store", "secrets", "approval", "stages", "pipeline.ts", "services"],
    packages: ["node:*"],
  },
  tools: {
    own: ["kit", "stages/plan/wishes.ts", "stages/analysis/env-names.ts"],
    packages: ["node:crypto", "zod"],
    types: ["services", "stages"],
  },
  resources: { own: ["kit", "tools"], packages: ["zod"], types: ["services", "stages"] },
  server: {
    own: ["kit", "tools", "resources"],
    packages: ["node:*", "zod", "yaml", "@modelcontextprotocol/server"],
    types: ["services"],
  },
  "server.ts": {
    own: ["kit", "tools", "resources", "server"],
    packages: ["node:*", "@modelcontextprotocol/server"],
    types: ["services"],
  },
  agent: {
    own: ["kit"],
    packages: ["node:*", "zod", "@modelcontextprotocol/client", "@modelcontextprotocol/sdk", "@anthropic-ai/sdk"],
  },
  cli: {
    own: ["kit", "services.ts", "services", "stages", "run", "approval", "agent", "server.ts"],
    types: ["server"],
    packages: ["node:*", "zod", "commander", "jsonc-parser"],
  },
  "cli.ts": { own: ["kit", "cli", "services.ts", "services"], packages: ["node:*", "commander", "pino"] },
};

const src = join(import.meta.dirname, "../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.split(sep).join("/"));

const covers = (area: string, file: string) => file === area || file.startsWith(`${area}/`);
const areaOf = (file: string) =>
  Object.keys(table)
    .filter((area) => covers(area, file))
    .sort((a, b) => b.length - a.length)[0];

interface Import {
  target: string;
  ours: boolean;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const statement =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;
  return [...text.matchAll(statement)].map(([, type, from, dynamic]) => {
    const name = from ?? dynamic ?? "";
    const ours = name.startsWith(".");
    return {
      target: ours
        ? relative(src, join(src, dirname(file), name))
            .split(sep)
            .join("/")
        : name,
      ours,
      typeOnly: type !== undefined,
    };
  });
}

const packageOf = (name: string) => (name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : name.split("/")[0]);
const allowsPackage = ({ packages }: Rule, name: string) =>
  name.startsWith("node:")
    ? packages.includes("node:*") || packages.includes(name)
    : packages.includes(packageOf(name) ?? name);

test("every file is in the table", () => {
  expect(files.filter((file) => areaOf(file) === undefined)).toEqual([]);
});

test.each(files)("%s keeps to the table", (file) => {
  const area = areaOf(file) ?? "";
  const rule = table[area] ?? { own: [], packages: [] };
  const isTest = file.endsWith(".test.ts");
  const stray = importsOf(file).filter(({ target, ours, typeOnly }) => {
    if (!ours)
      return (
        !allowsPackage(rule, target) &&
        !(isTest && ["vitest", "fast-check", "ssh2"].includes(target)) &&
        !(isTest && target.startsWith("node:"))
      );
    return (
      !covers(area, target) &&
      !rule.own.some((other) => covers(other, target)) &&
      // Whose types it may use, their examples a test may use as well.
      !((typeOnly || (isTest && target.endsWith("fixture.ts"))) && rule.types?.some((other) => covers(other, target)))
    );
  });
  expect(stray.map(({ target }) => target)).toEqual([]);
});

test("only cli.ts reads argv, the environment and the terminal", () => {
  const reads = /process\.(argv|env|stdin|stdout|stderr|exit)\b/;
  expect(
    files.filter(
      (file) => file !== "cli.ts" && !file.endsWith(".test.ts") && reads.test(readFileSync(join(src, file), "utf8")),
    ),
  ).toEqual([]);
});
