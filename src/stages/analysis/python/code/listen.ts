import type { Node } from "web-tree-sitter";
import { at } from "../../code/syntax.ts";
import { type Fact, inferred, stated } from "../../facts.ts";
import type { Evidence } from "../../schema.ts";
import { type Call, type Code, callsOf, type Module, stringOf } from "./modules.ts";
import { evaluate, type Value } from "./values.ts";

export interface Listening {
  port: Fact<number> | undefined;
  portEnv: string | undefined;
  portEnvAt: Evidence | undefined;
  /** The file that opens the port itself. */
  file: string | undefined;
  /** Where it does. */
  at: Evidence | undefined;
}

/** Which argument of a call says where to listen. */
const servers: { called: RegExp; argument: (call: Call) => Node | undefined }[] = [
  {
    called: /^(?:uvicorn\.)?run$|(?:^|\.)run_app$|^\w+\.run$|^serve$|^hypercorn\.run$/,
    argument: ({ keywords }) => keywords.get("port"),
  },
  {
    called: /(?:^|\.)(?:HTTPServer|ThreadingHTTPServer|TCPServer|WSGIServer|make_server|TCPSite)$/,
    argument: pairOrSecond,
  },
  { called: /\.listen$/, argument: ({ args }) => args[0] },
  { called: /\.add_(?:in)?secure_port$/, argument: ({ args }) => args[0] },
];

function pairOrSecond({ args }: Call): Node | undefined {
  return args[0]?.type === "tuple" ? (args[0].namedChild(1) ?? undefined) : args[1];
}

/** Where the program listens by itself. What is started by a server of its own is told the port on its command line. */
export function listening(code: Code): Listening {
  const found = code.modules.flatMap((module) =>
    callsOf(module).flatMap((call) => {
      const server = servers.find(({ called }) => called.test(call.called));
      const node = server?.argument(call);
      const value = node && portValue(module, node);
      return value && (value.env || portOf(value) !== undefined) ? [{ module, call, value }] : [];
    }),
  );
  const best = found.find(({ value }) => /PORT$/.test(value.env?.name ?? "")) ?? found[0];
  if (!best) return { port: undefined, portEnv: undefined, portEnvAt: undefined, file: undefined, at: undefined };
  const { literal, env } = best.value;
  const port = portOf(best.value);
  const evidence = literal ? [at(literal.module, literal.node, "where it listens")] : [];
  return {
    port: port === undefined ? undefined : env ? inferred(port, ...evidence) : stated(port, ...evidence),
    portEnv: env?.name,
    portEnvAt: env && at(env.module, env.node, "says where to listen"),
    file: best.module.path,
    at: at(best.module, best.call.node, "where it listens"),
  };
}

function portOf({ literal }: Value): number | undefined {
  const port = Number(literal?.value);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
}

/** A number or variable, or what follows the colon of an address: `"[::]:" + port`, `f"[::]:{port}"`, `"[::]:50051"`. */
function portValue(module: Module, node: Node): Value {
  if (node.type === "binary_operator") return evaluate(module, node.childForFieldName("right"));
  if (node.type === "concatenated_string") return {};
  if (node.type !== "string") {
    const value = evaluate(module, node);
    return typeof value.literal?.value === "string" ? { ...value, literal: afterColon(value.literal) } : value;
  }
  const put = node.namedChildren.find(({ type }) => type === "interpolation")?.namedChild(0);
  if (put) return evaluate(module, put);
  const text = stringOf(node);
  return text === undefined ? {} : { literal: afterColon({ module, node, value: text }) };
}

const afterColon = (literal: NonNullable<Value["literal"]>) => ({
  ...literal,
  value: Number(/(?:^|:)(\d{1,5})$/.exec(String(literal.value))?.[1] ?? Number.NaN),
});
