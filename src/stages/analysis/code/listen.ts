import type { Node } from "web-tree-sitter";
import { type Fact, inferred, stated } from "../facts.ts";
import type { Evidence } from "../schema.ts";
import { evaluate, type Value } from "./evaluate.ts";
import { argumentsOf, at, type Code, type Module } from "./modules.ts";
import { property } from "./objects.ts";

export interface Listening {
  port: Fact<number> | undefined;
  portEnv: string | undefined;
  /** Where the variable is read that says the port. */
  portEnvAt: Evidence | undefined;
}

/** Where the program listens: what it gives to `listen`, `serve` and the like, or what stands in for a missing PORT. */
export function listening(code: Code): Listening {
  const calls = code.modules.flatMap((module) => listenCalls(module).map((value) => ({ module, value })));
  // A program may open several ports; the one that PORT moves is what its visitors use.
  const best =
    calls.find(({ value }) => isPortName(value.env?.name)) ?? calls.find(({ value }) => portOf(value) !== undefined);
  const fromCall = best && toListening(best.value, "given to listen");
  if (fromCall?.port) return fromCall;
  for (const module of code.modules.filter(({ text }) => /PORT\b/.test(text))) {
    const fallback = [...defaults(module), ...schemaDefaults(module)].find(
      (value) => isPortName(value.env?.name) && portOf(value) !== undefined,
    );
    if (fallback) return toListening(fallback, "stands in for a missing PORT");
  }
  return fromCall ?? { port: undefined, portEnv: undefined, portEnvAt: undefined };
}

const isPortName = (name: string | undefined) =>
  name !== undefined &&
  /^(?:\w+_)?PORT$/.test(name) &&
  !/^(?:DB|PG|POSTGRES|MYSQL|REDIS|MONGO|SMTP|MAIL|DATABASE)/.test(name);

function toListening(value: Value, rule: string): Listening {
  const port = portOf(value);
  const place = value.literal;
  const evidence = place ? [at(place.module, place.node, rule)] : [];
  const fact = port === undefined ? undefined : value.env ? inferred(port, ...evidence) : stated(port, ...evidence);
  const { env } = value;
  if (!env || !isPortName(env.name)) return { port: fact, portEnv: undefined, portEnvAt: undefined };
  return { port: fact, portEnv: env.name, portEnvAt: at(env.module, env.node, "says where to listen") };
}

function portOf({ literal }: Value): number | undefined {
  const port = Number(literal?.value);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}

function listenCalls(module: Module): Value[] {
  const found = module.matches(`
    (call_expression function: (member_expression property: (property_identifier) @method (#match? @method "^(listen|serve|start)$"))) @call
    (call_expression function: (identifier) @name (#match? @name "^(serve|listen)$")) @call`);
  return found.flatMap(({ call }) =>
    call
      ? argumentsOf(call)
          .slice(0, 2)
          .flatMap((argument) => portValue(module, argument))
      : [],
  );
}

/** `listen(port)`, `listen({ port })`, `serve({ fetch, port })`. */
function portValue(module: Module, argument: Node): Value[] {
  const named = property(module, argument, "port");
  const value = named
    ? evaluate(named.module, named.key === undefined ? named.node : null)
    : evaluate(module, argument);
  return value.env || portOf(value) !== undefined ? [value] : [];
}

const defaults = (module: Module): Value[] =>
  module
    .matches(
      `(binary_expression operator: ["||" "??"]) @value (assignment_pattern right: (_)) @value (call_expression) @value`,
    )
    .flatMap(({ value }) => (value && value.endIndex - value.startIndex < 300 ? [evaluate(module, value, 4)] : []));

/** `PORT: z.coerce.number().default(3000)`, `PORT: port({ default: 3000 })`: a schema of the environment. */
const schemaDefaults = (module: Module): Value[] =>
  module.matches("(pair key: (property_identifier) @key value: (call_expression) @rule)").flatMap(({ key, rule }) => {
    if (!key || !rule || !isPortName(key.text)) return [];
    const literal = defaultOf(module, rule);
    return literal ? [{ env: { module, node: key, name: key.text }, literal }] : [];
  });

function defaultOf(module: Module, rule: Node): Value["literal"] {
  for (const call of rule.descendantsOfType("call_expression")) {
    if (!call) continue;
    const [first] = argumentsOf(call);
    const isDefault = call.childForFieldName("function")?.childForFieldName("property")?.text === "default";
    const named = property(module, first, "default");
    const { literal } = named ? evaluate(named.module, named.node) : isDefault ? evaluate(module, first) : {};
    if (literal) return literal;
  }
  return undefined;
}
