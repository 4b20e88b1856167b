import type { Node } from "web-tree-sitter";
import { at } from "../../code/syntax.ts";
import { strongest, type Usage } from "../../code/usage.ts";
import { isSecret } from "../../env-names.ts";
import { compare } from "../../facts.ts";
import type { EnvFinding } from "../../findings.ts";
import type { Evidence } from "../../schema.ts";
import { type Call, type Code, callsOf, importsOf, type Module, stringOf } from "./modules.ts";
import { settingsFields } from "./settings.ts";
import { usageOf } from "./usage.ts";
import { envCall, envSubscript, evaluate } from "./values.ts";

interface Use {
  name: string;
  usage: Usage;
  evidence: Evidence;
  fallback?: string;
}

const capital = /^[A-Z][A-Z0-9_]{1,79}$/;

/** Every environment variable that the code reads, by name. */
export function envReads(code: Code): EnvFinding[] {
  const uses = code.modules
    .flatMap((module) => [...subscripts(module), ...calls(module), ...wrapped(module), ...settingsFields(module)])
    .filter(({ name }) => capital.test(name));
  const names = [...new Set(uses.map(({ name }) => name))].sort(compare);
  return names.flatMap((name) => {
    const own = uses.filter((use) => use.name === name);
    const usage = strongest(own.map((use) => use.usage));
    const evidence = [...own.filter((use) => use.usage === usage), ...own].map((use) => use.evidence);
    const fallback = own.find((use) => use.fallback !== undefined)?.fallback;
    if (usage === "none") return [];
    return [{ name, usage, evidence: distinct(evidence), ...(fallback !== undefined && { fallback }) }];
  });
}

const distinct = (evidence: Evidence[]) =>
  evidence
    .filter((one, index) => evidence.findIndex(({ file, line }) => file === one.file && line === one.line) === index)
    .slice(0, 3);

function subscripts(module: Module): Use[] {
  return module.matches("(subscript) @read").flatMap(({ read }) => {
    const found = read && envSubscript(read);
    if (!read || !found || (read.parent?.type === "assignment" && read.parent.childForFieldName("left")?.equals(read)))
      return [];
    const evidence = at(module, found.at, "read from the environment");
    return [{ name: found.name, usage: usageOf(module, read, true), evidence }];
  });
}

function calls(module: Module): Use[] {
  return callsOf(module).flatMap((call) => {
    const read = envCall(module, call) ?? databaseUrl(call);
    if (!read) return [];
    const evidence = at(module, read.at, "read from the environment");
    return [{ name: read.name, evidence, ...treated(module, call.node, read) }];
  });
}

function treated(
  module: Module,
  node: Node,
  { name, fallback, strict }: { name: string; fallback: Node | undefined; strict: boolean },
): Pick<Use, "usage" | "fallback"> {
  if (fallback) {
    const value = evaluate(module, fallback).literal?.value;
    return { usage: "optional", ...(typeof value === "string" && { fallback: value }) };
  }
  const usage = usageOf(module, node, strict);
  const instead = node.parent?.type === "boolean_operator" ? evaluate(module, node.parent).literal?.value : undefined;
  // `os.getenv("X")` gives None where others would fail: most that are read so are extras, but for keys to something.
  const needed = usage !== "plain" || (isSecret(name) && !/_DSN$/.test(name));
  return { usage: needed ? usage : "optional", ...(typeof instead === "string" && { fallback: instead }) };
}

/** `dj_database_url.config()`, `env.db()`: they read DATABASE_URL unless another name is given. */
function databaseUrl(call: Call) {
  if (!/^(?:dj_database_url\.config|env\.(?:db|db_url|dj_db_url))$/.test(call.called)) return undefined;
  const named = stringOf(call.keywords.get("env") ?? (call.called.startsWith("env") ? call.args[0] : undefined));
  const source = callText(call.node);
  // The name has to stand on the line that is pointed at: where it is implied, nothing can be shown.
  if (!source.includes(named ?? "DATABASE_URL")) return undefined;
  return { name: named ?? "DATABASE_URL", at: call.node, fallback: call.keywords.get("default"), strict: true };
}

const callText = (node: Node) => node.text.split("\n")[0] ?? "";

/** A function of the program that reads the variable it is given the name of: `require_env("X")`, `env_int("X", 3)`. */
interface Wrapper {
  position: number;
  /** It has a value of its own for a missing one. */
  defaults: boolean;
  raises: boolean;
}

function wrapped(module: Module): Use[] {
  return callsOf(module).flatMap((call) => {
    const wrapper = /^\w+$/.test(call.called) ? wrapperOf(module, call.called, 4) : undefined;
    const first = wrapper && call.args[wrapper.position];
    const name = stringOf(first);
    if (!wrapper || !first || name === undefined) return [];
    const fallback = call.args[wrapper.position + 1] ?? call.keywords.get("default");
    const evidence = at(module, first, `read by ${call.called}()`);
    if (fallback || wrapper.defaults) {
      const value = evaluate(module, fallback).literal?.value;
      return [{ name, usage: "optional" as const, evidence, ...(typeof value === "string" && { fallback: value }) }];
    }
    return [{ name, usage: usageOf(module, call.node, wrapper.raises), evidence }];
  });
}

const wrappers = new WeakMap<Module, Map<string, Wrapper>>();

function wrapperOf(module: Module, name: string, steps: number): Wrapper | undefined {
  const own = wrappersIn(module).get(name);
  const from = own || steps === 0 ? undefined : importsOf(module).get(name);
  const other = from && module.resolve(from.from);
  return own ?? (other && from && other !== module ? wrapperOf(other, from.name, steps - 1) : undefined);
}

function wrappersIn(module: Module): Map<string, Wrapper> {
  const known = wrappers.get(module);
  if (known) return known;
  const found = new Map<string, Wrapper>();
  wrappers.set(module, found);
  const functions = module.matches(
    "(function_definition name: (identifier) @name parameters: (parameters) @parameters body: (block) @body)",
  );
  for (const { name, parameters, body } of functions) {
    if (!name || !parameters || !body || body.text.length > 1500) continue;
    const names = parameters.namedChildren.map(
      (one) => (one.childForFieldName("name") ?? one.namedChild(0) ?? one).text,
    );
    const read = /(?:environ\[\s*(\w+)|(?:environ\.get|getenv)\(\s*(\w+)\s*([,)]))/.exec(body.text);
    const position = names.indexOf(read?.[1] ?? read?.[2] ?? "");
    if (!read || position < 0) continue;
    const given = parameters.namedChildren[position + 1]?.type ?? "";
    found.set(name.text, {
      position,
      defaults: /default/.test(given) || (read[3] === "," && names.length === 1),
      raises: read[1] !== undefined || /\braise\b|sys\.exit/.test(body.text),
    });
  }
  return found;
}
