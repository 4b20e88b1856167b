import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { parse } from "jsonc-parser";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type InstallOptions, install } from "../install.ts";
import type { Terminal } from "../terminal.ts";
import { clients } from "./clients.ts";
import { entryFor, type Program } from "./entry.ts";
import { mergeEntry } from "./merge.ts";
import { replaceFile } from "./write.ts";

let home: string;
let said: string;
const terminal = {
  json: false,
  say: (text: string) => {
    said += `${text}\n`;
  },
  note: (text: string) => {
    said += `${text}\n`;
  },
} as Terminal;

const program = (env: Record<string, string> = {}): Program => ({
  startedWith: ["/opt/node/bin/node", "/opt/berth/dist/cli.js"],
  env: { HOME: home, ...env },
  cwd: join(home, "project"),
});
const run = (client: string, options: Partial<InstallOptions> = {}, env: Record<string, string> = {}) =>
  install(terminal, program(env), client, { name: "berth", ...options });
const claudeCode = () => join(home, ".claude.json");
const started = { command: "/opt/node/bin/node", args: ["/opt/berth/dist/cli.js", "serve"] };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-install-"));
  said = "";
});
afterEach(() => rmSync(home, { recursive: true }));

describe("where each client looks", () => {
  test.each([
    ["claude-desktop", "linux", ".config/Claude/claude_desktop_config.json"],
    ["claude-desktop", "darwin", "Library/Application Support/Claude/claude_desktop_config.json"],
    ["claude-code", "linux", ".claude.json"],
    ["claude-code", "darwin", ".claude.json"],
    ["vscode", "linux", ".config/Code/User/mcp.json"],
    ["vscode", "darwin", "Library/Application Support/Code/User/mcp.json"],
    ["cursor", "linux", ".cursor/mcp.json"],
    ["cursor", "darwin", ".cursor/mcp.json"],
  ] as const)("%s on %s: ~/%s", (id, platform, file) => {
    const client = clients.find((one) => one.id === id);
    expect(client?.file({ platform, env: { HOME: home } })).toBe(join(home, file));
  });

  test("a person's own folders for configurations count", () => {
    run("claude-code", {}, { CLAUDE_CONFIG_DIR: join(home, "elsewhere") });
    expect(existsSync(join(home, "elsewhere/.claude.json"))).toBe(true);
    const vscode = clients.find(({ id }) => id === "vscode");
    expect(vscode?.file({ platform: "linux", env: { HOME: home, XDG_CONFIG_HOME: "/x" } })).toBe(
      "/x/Code/User/mcp.json",
    );
  });

  test.each([
    ["claude-code", ".mcp.json"],
    ["vscode", ".vscode/mcp.json"],
    ["cursor", ".cursor/mcp.json"],
  ])("%s in a project: %s", (id, file) => {
    run(id, { project: true });
    expect(existsSync(join(home, "project", file))).toBe(true);
    expect(said).toContain("others who use the project");
  });
});

describe("what a client is told", () => {
  const entryIn = (id: string, env: Record<string, string> = {}, readOnly = false) => {
    const client = clients.find((one) => one.id === id);
    if (!client) throw new Error(id);
    return entryFor(client, program(env), { readOnly });
  };

  test("whole paths and the words; a type where it is wanted", () => {
    expect(entryIn("claude-desktop")).toEqual(started);
    expect(entryIn("cursor")).toEqual(started);
    expect(entryIn("claude-code")).toEqual({ type: "stdio", ...started });
    expect(entryIn("vscode", {}, true)).toEqual({ type: "stdio", ...started, args: [...started.args, "--read-only"] });
  });

  test("a state folder of the person's choice, and nothing else of the environment", () => {
    const secrets = { ANTHROPIC_API_KEY: "sk-1", BERTH_GIT_TOKEN: "token", BERTH_IDENTITY: "/key" };
    expect(entryIn("cursor", secrets)).toEqual(started);
    expect(entryIn("cursor", { ...secrets, BERTH_HOME: "/srv/berth" }).env).toEqual({ BERTH_HOME: "/srv/berth" });
    expect(entryIn("cursor", { BERTH_HOME: "state" }).env).toEqual({ BERTH_HOME: join(home, "project/state") });
    expect(entryIn("cursor", { XDG_STATE_HOME: "/state" }).env).toEqual({ BERTH_HOME: "/state/berth" });
    expect(entryIn("cursor", { XDG_STATE_HOME: join(home, ".local/state") })).toEqual(started);
  });
});

describe("the file", () => {
  test("is made where there is none, for its owner alone; nothing else is left there", () => {
    expect(run("vscode")).toBe(0);
    const file = join(home, ".config/Code/User/mcp.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ servers: { berth: { type: "stdio", ...started } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(file))).toEqual(["mcp.json"]);
    expect(said).toContain(file);
    expect(said).toContain('"serve"');
  });

  test("is only shown with --print", () => {
    for (const { id } of clients) run(id, { print: true });
    expect(readdirSync(home)).toEqual([]);
    expect(said).toContain(claudeCode());
  });

  const commented = `// mine
{
\t"theme": "dark", // keep
\t/* servers */
\t"mcpServers": {
\t\t"other": { "command": "other", "env": { "TOKEN": "t0ps3cret" } }, // last
\t},
}
`;

  test("keeps all else to the byte: comments, order, tabs, other servers", () => {
    writeFileSync(claudeCode(), commented);
    run("claude-code");
    const after = readFileSync(claudeCode(), "utf8");
    expect(parse(after, [], { allowTrailingComma: true })).toEqual({
      theme: "dark",
      mcpServers: {
        other: { command: "other", env: { TOKEN: "t0ps3cret" } },
        berth: { type: "stdio", ...started },
      },
    });
    const lines = new Set(after.split("\n"));
    for (const line of commented.split("\n").filter((one) => !one.includes("other"))) expect(lines).toContain(line);
    expect(after).toContain('"other": { "command": "other", "env": { "TOKEN": "t0ps3cret" } }');
    expect(after).toContain("// last");
    expect(after).toContain('\n\t\t"berth": {\n\t\t\t"type": "stdio",\n');
    expect(said).not.toContain("t0ps3cret");
  });

  test.each([
    ["a byte order mark", "\uFEFF{}"],
    ["Windows line ends", '{\r\n    "a": 1\r\n}\r\n'],
    ["nothing", ""],
    ["only white space", " \n"],
  ])("with %s is served, too", (_what, text) => {
    writeFileSync(claudeCode(), text);
    run("claude-code");
    const after = readFileSync(claudeCode(), "utf8");
    expect(after.startsWith("\uFEFF")).toBe(text.startsWith("\uFEFF"));
    expect(after.includes("\r\n")).toBe(text.includes("\r\n"));
    expect(JSON.parse(after.replace("\uFEFF", ""))).toMatchObject({ mcpServers: { berth: started } });
  });

  test.each([
    ["{}", '{\n  "mcpServers": {\n    "berth": {}\n  }\n}\n'],
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "mcpServers": {\n    "berth": {}\n  }\n}\n'],
    ['{\n    "mcpServers": {}\n}', '{\n    "mcpServers": {\n        "berth": {}\n    }\n}\n'],
    ['{\n  "mcpServers": {\n  }\n}\n', '{\n  "mcpServers": {\n    "berth": {}\n  }\n}\n'],
    [
      '{\n  "mcpServers": {\n    "a": {}\n  },\n  "b": 2\n}\n',
      '{\n  "mcpServers": {\n    "a": {},\n    "berth": {}\n  },\n  "b": 2\n}\n',
    ],
  ])("is written on as it began: %j", (text, wanted) => {
    writeFileSync(claudeCode(), text);
    run("claude-code");
    const after = readFileSync(claudeCode(), "utf8");
    expect(after.replace(/("berth": \{)[^}]*\}/, "$1}")).toBe(wanted);
  });

  test("is left alone where nothing changes", () => {
    run("claude-code");
    const before = statSync(claudeCode());
    said = "";
    expect(run("claude-code")).toBe(0);
    expect(statSync(claudeCode())).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(said).toContain("nothing was written");
    expect(readdirSync(home)).toEqual([".claude.json"]);
  });

  test("stays behind the link that leads to it, with its mode; the copy is of what stood there first", () => {
    mkdirSync(join(home, "dotfiles"));
    const target = join(home, "dotfiles/claude.json");
    writeFileSync(target, '{ "a": 1 }');
    chmodSync(target, 0o640);
    symlinkSync("dotfiles/claude.json", claudeCode());
    run("claude-code");
    run("claude-code", { readOnly: true });
    expect(readdirSync(home).sort()).toEqual([".claude.json", "dotfiles"]);
    expect(statSync(target).mode & 0o777).toBe(0o640);
    expect(JSON.parse(readFileSync(target, "utf8"))).toMatchObject({ a: 1, mcpServers: { berth: {} } });
    expect(readdirSync(dirname(target)).sort()).toEqual(["claude.json", "claude.json.before-berth"]);
    expect(readFileSync(`${target}.before-berth`, "utf8")).toBe('{ "a": 1 }');
    expect(statSync(`${target}.before-berth`).mode & 0o777).toBe(0o640);
  });

  test("may be a link to where nothing is yet", () => {
    symlinkSync(join(home, "later/claude.json"), claudeCode());
    run("claude-code");
    expect(existsSync(join(home, "later/claude.json"))).toBe(true);
  });

  test("keeps what a person put beside our words, and shows no value of it", () => {
    const own = { ...started, args: ["/old/cli.js", "serve"], timeout: 9, env: { BERTH_GIT_TOKEN: "t0ps3cret" } };
    writeFileSync(claudeCode(), JSON.stringify({ mcpServers: { berth: own } }));
    run("claude-code", {}, { BERTH_HOME: "/srv/berth" });
    expect(JSON.parse(readFileSync(claudeCode(), "utf8")).mcpServers.berth).toEqual({
      ...own,
      type: "stdio",
      args: started.args,
      env: { BERTH_GIT_TOKEN: "t0ps3cret", BERTH_HOME: "/srv/berth" },
    });
    expect(said).toContain("timeout, env.BERTH_GIT_TOKEN");
    expect(said).not.toContain("t0ps3cret");
  });

  test.each([
    ['{ "mcpServers": {', /line 1, column 18: CloseBraceExpected/],
    ['{\n  "a" 1\n}', /line 2, column 7: ColonExpected/],
    ['{ "a": 1 } trailing', /line 1, column 12/],
    ["[]", /outermost/],
    ['{ "mcpServers": [] }', /"mcpServers" is no object/],
    ['{ "mcpServers": {}, "mcpServers": { "x": {} } }', /twice/],
  ])("that is damaged is refused with where, and left alone: %s", (text, cause) => {
    writeFileSync(claudeCode(), text);
    expect(() => run("claude-code")).toThrow(
      expect.objectContaining({ code: "client_file_damaged", cause: expect.stringMatching(cause) }),
    );
    expect(readFileSync(claudeCode(), "utf8")).toBe(text);
    expect(readdirSync(home)).toEqual([".claude.json"]);
  });

  test.each([{ url: "https://example.com/mcp" }, { command: "berth-the-ship" }, "text", null])(
    "that has another server of the name keeps it: %o",
    (other) => {
      const text = JSON.stringify({ mcpServers: { berth: other } });
      writeFileSync(claudeCode(), text);
      expect(() => run("claude-code")).toThrow(expect.objectContaining({ code: "name_taken" }));
      expect(readFileSync(claudeCode(), "utf8")).toBe(text);
      run("claude-code", { name: "berth-here" });
      expect(JSON.parse(readFileSync(claudeCode(), "utf8")).mcpServers).toMatchObject({
        berth: other,
        "berth-here": started,
      });
    },
  );

  test("that its client has just written is not overwritten", () => {
    writeFileSync(claudeCode(), "{}");
    expect(replaceFile(claudeCode(), '{ "an": "older text" }', "ours")).toBe("changed");
    expect(readFileSync(claudeCode(), "utf8")).toBe("{}");
    expect(readdirSync(home)).not.toContainEqual(expect.stringContaining("new"));
  });

  test("that cannot be one is named", () => {
    mkdirSync(claudeCode());
    expect(() => run("claude-code")).toThrow(
      expect.objectContaining({ code: "client_file_refused", object: claudeCode() }),
    );
  });
});

test.each([
  ["emacs", {}, /claude-desktop\|claude-code\|vscode\|cursor/],
  ["claude-desktop", { project: true }, /berth install claude-desktop/],
  ["cursor", { name: "__proto__" }, /--name/],
  ["cursor", { name: "a b" }, /--name/],
])("%s with %o is a misuse", (client, options, next) => {
  expect(() => run(client, options)).toThrow(
    expect.objectContaining({ code: "usage", next: expect.stringMatching(next) }),
  );
  expect(readdirSync(home)).toEqual([]);
});

test("whatever stands in a file stays there", () => {
  const servers = fc.dictionary(fc.string(), fc.jsonValue());
  const file = fc.record({ rest: fc.dictionary(fc.string(), fc.jsonValue()), servers, indent: fc.nat(4) });
  fc.assert(
    fc.property(file, ({ rest, servers: others, indent }) => {
      // A key `__proto__` in an object literal of a parser's is no key of its own.
      fc.pre(![...Object.keys(rest), ...Object.keys(others)].some((key) => key === "__proto__" || key === "berth"));
      const before = { ...rest, mcpServers: others };
      const { text, equal } = mergeEntry("f", JSON.stringify(before, null, indent), "mcpServers", "berth", started);
      expect(equal).toBe(false);
      const plain = JSON.parse(JSON.stringify(before));
      expect(JSON.parse(text)).toEqual({ ...plain, mcpServers: { ...plain.mcpServers, berth: started } });
      expect(mergeEntry("f", text, "mcpServers", "berth", started)).toMatchObject({ equal: true, text });
    }),
  );
});
