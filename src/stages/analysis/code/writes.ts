import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import type { Confidence, Writable } from "../schema.ts";
import { evaluate } from "./evaluate.ts";
import { joinWritable } from "./lasting.ts";
import { argumentsOf, at, type Code, type Module } from "./modules.ts";
import { property } from "./objects.ts";
import { type FilePlace, folderOf, pathOf } from "./paths.ts";

const { normalize } = posix;

/** Where the program keeps files: what it gives to multer, to an embedded database and to the functions that write. */
export const writtenPaths = (code: Code): Writable[] =>
  joinWritable(code.modules.flatMap((module) => [...sinks(module), ...settings(module)]));

/** A call that keeps files, which of its arguments says where, and what for. */
const writers: { called: RegExp; argument: number; why: string; confidence: Confidence; isFile?: boolean }[] = [
  {
    called: /^(?:new )?(?:Database|sqlite3\.Database|BetterSqlite3|DatabaseSync)$/,
    argument: 0,
    why: "an embedded database is kept here",
    confidence: "stated",
    isFile: true,
  },
  {
    called: /(?:^|\.)(?:writeFile|appendFile|outputFile|writeJson|createWriteStream)(?:Sync)?$/,
    argument: 0,
    why: "the program writes files here",
    confidence: "inferred",
    isFile: true,
  },
  {
    called: /(?:^|\.)(?:mkdir|mkdirp|ensureDir|mkdirs)(?:Sync)?$/,
    argument: 0,
    why: "the program makes this folder and keeps files in it",
    confidence: "inferred",
  },
];

function sinks(module: Module): Writable[] {
  const calls = module
    .matches("(call_expression) @call (new_expression) @call")
    .flatMap(({ call }) => (call ? [call] : []));
  return calls.flatMap((call) => {
    const called = (call.childForFieldName("function") ?? call.childForFieldName("constructor"))?.text.slice(-60) ?? "";
    if (/^multer(?:\.diskStorage)?$/.test(called)) return uploads(module, call);
    const writer = writers.find((one) => one.called.test(called));
    const place = writer && pathOf(module, argumentsOf(call)[writer.argument]);
    if (!writer || !place) return [];
    const path = writer.isFile && writer.confidence === "inferred" ? folderOf(place) : place.path;
    return [
      {
        path,
        from_env: place.env,
        why: writer.why,
        evidence: [at(module, call, called)],
        confidence: writer.confidence,
      },
    ];
  });
}

/** `multer({ dest })`, `diskStorage({ destination })`, also as a function that calls back with a path. */
function uploads(module: Module, call: Node): Writable[] {
  const options = argumentsOf(call)[0];
  return ["dest", "destination"].flatMap((key) => {
    const found = property(module, options, key);
    const method = options?.namedChildren.find(
      (child) => child.type === "method_definition" && child.childForFieldName("name")?.text === key,
    );
    const node = method ?? found?.node;
    if (!node) return [];
    const place = pathOf(found?.module ?? module, node) ?? calledBack(module, node);
    return place
      ? [
          {
            path: place.path,
            from_env: place.env,
            why: "uploaded files are kept here",
            evidence: [at(module, node, "multer")],
            confidence: "stated" as const,
          },
        ]
      : [];
  });
}

function calledBack(module: Module, fn: Node): FilePlace | undefined {
  for (const call of fn.descendantsOfType("call_expression").slice(0, 20)) {
    const given = call ? argumentsOf(call) : [];
    const place = given.length === 2 && given[0]?.type === "null" ? pathOf(module, given[1]) : undefined;
    if (place) return place;
  }
  return undefined;
}

/** The file of an embedded database, whatever its variable is called. */
const databaseFile = /^[\w./-]{1,200}\.(?:db|db3|sqlite|sqlite3)$/;

const folderName =
  /\b\w*(?:UPLOADS?|DATA|STORAGE|MEDIA|FILES?|ATTACHMENTS?|IMAGES?|ASSETS|DB)_?(?:DIR|PATH|FOLDER|ROOT|DIRECTORY|FILE)\b/;

/** `UPLOAD_DIR ?? "./uploads"`: a variable that is named after a folder of data, with a folder as its default. */
function settings(module: Module): Writable[] {
  if (!folderName.test(module.text) && !/\.(?:db3?|sqlite3?)["'`]/.test(module.text)) return [];
  const values = module.matches(
    `(binary_expression operator: ["||" "??"]) @value (call_expression) @value (object_assignment_pattern) @value`,
  );
  return values.flatMap(({ value }) => {
    if (!value || value.endIndex - value.startIndex > 300) return [];
    const { env, literal } = evaluate(module, value, 4);
    if (!env || typeof literal?.value !== "string" || !/^[\w./-]{1,200}$/.test(literal.value)) return [];
    const isDatabase = databaseFile.test(literal.value);
    if (!isDatabase && folderName.exec(env.name)?.[0] !== env.name) return [];
    const path = normalize(literal.value).replace(/\/$/, "");
    return [
      {
        path,
        from_env: env.name,
        why: isDatabase
          ? "an embedded database is kept here"
          : `${env.name} names the place of the program's own files`,
        evidence: [at(literal.module, literal.node, env.name)],
        confidence: isDatabase ? ("stated" as const) : ("inferred" as const),
      },
    ];
  });
}
