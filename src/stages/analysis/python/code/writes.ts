import { posix } from "node:path";
import { joinWritable } from "../../code/lasting.ts";
import { at } from "../../code/syntax.ts";
import type { Writable } from "../../schema.ts";
import { type Code, callsOf, globalsOf, type Module, stringOf } from "./modules.ts";
import { evaluate, type FilePlace, pathOf } from "./values.ts";

const { dirname, normalize } = posix;

/** Where the program keeps files: embedded databases, folders for uploads, and what it writes. */
export const writtenPaths = (code: Code): Writable[] =>
  joinWritable(code.modules.flatMap((module) => [...sinks(module), ...addresses(module), ...settings(module)]));

function sinks(module: Module): Writable[] {
  return callsOf(module).flatMap(({ node, called, args, keywords }): Writable[] => {
    const evidence = [at(module, node, called)];
    if (/^(?:sqlite3|aiosqlite)\.connect$/.test(called)) {
      const place = pathOf(module, args[0]);
      if (!place) return [];
      return [
        {
          path: place.path,
          from_env: place.env,
          why: "an embedded database is kept here",
          evidence,
          confidence: "stated",
        },
      ];
    }
    const on = node.childForFieldName("function")?.childForFieldName("object");
    const place = /^(?:os\.makedirs|os\.mkdir)$/.test(called)
      ? pathOf(module, args[0])
      : /\.mkdir$/.test(called)
        ? pathOf(module, on)
        : /^(?:open|aiofiles\.open)$/.test(called) && /^[wax]/.test(stringOf(args[1] ?? keywords.get("mode")) ?? "")
          ? folderOf(pathOf(module, args[0]))
          : /\.write_(?:text|bytes)$/.test(called)
            ? folderOf(pathOf(module, on))
            : undefined;
    if (!place) return [];
    return [
      { path: place.path, from_env: place.env, why: "the program writes files here", evidence, confidence: "inferred" },
    ];
  });
}

const folderOf = (place: FilePlace | undefined): FilePlace | undefined =>
  place && !place.open && dirname(place.path) !== "." ? { ...place, path: dirname(place.path), env: null } : place;

/** `sqlite:///./data/app.db`, also as what stands in for a missing address. Four slashes begin an absolute path. */
function addresses(module: Module): Writable[] {
  return module.matches("(string) @text").flatMap(({ text }) => {
    const path = /^sqlite(?:\+\w+)?:\/\/\/(\/?[\w./-]{1,200})$/.exec(stringOf(text) ?? "")?.[1];
    if (!text || path === undefined) return [];
    return [
      {
        path: normalize(path),
        from_env: null,
        why: "an embedded database is kept here",
        evidence: [at(module, text, "address of an embedded database")],
        confidence: "stated",
      },
    ];
  });
}

const folderName =
  /^(?:\w*_)?(?:UPLOADS?|DATA|STORAGE|MEDIA|FILES?|ATTACHMENTS?|DB)_?(?:DIR|PATH|FOLDER|ROOT|DIRECTORY|FILE)$/;

/** `MEDIA_ROOT = BASE_DIR / "media"`, `UPLOAD_DIR = os.getenv("UPLOAD_DIR", "uploads")`, and Django's SQLite database. */
function settings(module: Module): Writable[] {
  const named = [...globalsOf(module)].flatMap(([name, { value }]): Writable[] => {
    const env = evaluate(module, value).env?.name;
    const place = folderName.test(name) || folderName.test(env ?? "") ? pathOf(module, value) : undefined;
    if (!place || place.path === "") return [];
    const why = `${name} names the place of the program's own files`;
    return [
      { path: place.path, from_env: place.env, why, evidence: [at(module, value, name)], confidence: "inferred" },
    ];
  });
  if (!/backends\.sqlite3/.test(module.text)) return named;
  const database = module
    .matches("(pair key: (string) @key value: (_) @value)")
    .flatMap(({ key, value }): Writable[] => {
      const place = value && stringOf(key) === "NAME" ? pathOf(module, value) : undefined;
      if (!value || !place || !/\.(?:db|sqlite3?)$/.test(place.path)) return [];
      const why = "an embedded database is kept here";
      return [
        { path: place.path, from_env: place.env, why, evidence: [at(module, value, "NAME")], confidence: "stated" },
      ];
    });
  return [...named, ...database];
}
