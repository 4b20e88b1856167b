import type { SourceFile } from "../source/files.ts";
import type { Language } from "./schema.ts";

/** Languages by the share of their bytes, largest first. Markup and style count only where there is nothing else. */
export function languagesOf(files: readonly SourceFile[]): Language[] {
  const counted = count(files, byExtension);
  return counted.length > 0 ? counted : count(files, markup);
}

function count(files: readonly SourceFile[], table: Record<string, string>): Language[] {
  const bytes = new Map<string, number>();
  for (const { path, size } of files) {
    const name = table[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ""];
    if (name !== undefined && size > 0 && !generated.test(path)) bytes.set(name, (bytes.get(name) ?? 0) + size);
  }
  const total = [...bytes.values()].reduce((sum, size) => sum + size, 0);
  return [...bytes]
    .sort(([a, sizeA], [b, sizeB]) => sizeB - sizeA || (a < b ? -1 : 1))
    .map(([name, size]) => ({ name, share: Math.round((size / total) * 10_000) / 10_000, version: null }));
}

/** Written by a tool, or somebody else's library in a folder of static files. */
const generated =
  /\.min\.\w+$|\.bundle\.js$|\.d\.ts$|[._-]pb2?(?:_grpc)?\.\w+$|\.pb\.go$|\.g\.(?:cs|dart)$|(?:^|\/)(?:dist|build|out|coverage|wwwroot\/lib|static\/(?:js|lib|libs|vendor)|public\/(?:js|lib|libs|vendor)|migrations\/versions)\/|(?:^|\/)(?:gradlew|mvnw)(?:\.\w+)?$/;

const byExtension: Record<string, string> = {
  ...{ ts: "typescript", tsx: "typescript", mts: "typescript", cts: "typescript" },
  ...{
    js: "javascript",
    jsx: "javascript",
    mjs: "javascript",
    cjs: "javascript",
    vue: "vue",
    svelte: "svelte",
    astro: "astro",
  },
  ...{
    py: "python",
    go: "go",
    java: "java",
    kt: "kotlin",
    kts: "kotlin",
    scala: "scala",
    sc: "scala",
    groovy: "groovy",
  },
  ...{ clj: "clojure", cljs: "clojure", cljc: "clojure", cs: "csharp", fs: "fsharp", vb: "visual-basic" },
  ...{ rb: "ruby", php: "php", rs: "rust", ex: "elixir", exs: "elixir", erl: "erlang", gleam: "gleam", swift: "swift" },
  ...{
    cr: "crystal",
    dart: "dart",
    zig: "zig",
    c: "c",
    h: "c",
    cpp: "cpp",
    cc: "cpp",
    cxx: "cpp",
    hpp: "cpp",
    m: "objective-c",
  },
  ...{
    hs: "haskell",
    ml: "ocaml",
    lua: "lua",
    pl: "perl",
    r: "r",
    jl: "julia",
    nim: "nim",
    d: "d",
    cob: "cobol",
    scm: "scheme",
  },
};
const markup: Record<string, string> = { html: "html", htm: "html", css: "css", scss: "css", sh: "shell" };
