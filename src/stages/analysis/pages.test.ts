import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linesWith, namesIn, pageOf } from "./pages.ts";

const root = mkdtempSync(join(tmpdir(), "berth-pages-"));
const dir = join(root, "source");
const into = { dir, scrub: (text: string) => text.replaceAll("hunter22-canary", "[secret]") };
const put = (path: string, content: string | Buffer) => {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content);
};
const page = (path: string, from = 1, lines = 400) => pageOf(into, path, { from, lines });
const search = (text: string, most = 100) => linesWith(into, text, most);

beforeAll(() => {
  writeFileSync(join(root, "outside.txt"), "outside canary\n");
  put("src/server.js", "import http from 'node:http';\r\n\r\n\thttp.createServer().listen(3000);\r\n");
  put("src/lib/db.js", "export const Db = 1;\n");
  put("README.md", "\uFEFFOne\nTwo\nThree");
  put("numbers.txt", Array.from({ length: 1000 }, (_, n) => `line ${n + 1}\n`).join(""));
  put(".env", "TOKEN=env-canary\n");
  put("config/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\nkey-canary\n");
  put(".git/config", "git-canary\n");
  put(".dockerignore", "private\n");
  put("private/notes.md", "ignored-canary\n");
  put("node_modules/left/index.js", "vendored-canary\n");
  put("logo.png", Buffer.from([0x89, 0x50, 0, 1, 2, 10, 3]));
  put("latin1.txt", Buffer.from([0x63, 0x61, 0x66, 0xe9, 10, 0xff, 0xfe, 10]));
  put("trojan.js", "if (admin\u202e) { // \u001b[31mred\u0085\n");
  put("odd\u001b\n\u202ename.txt", "odd\n");
  put("empty.txt", "");
  put("committed.js", `const key = "hunter22-canary"; ${"x".repeat(1960)} hunter22-canary\n`);
  symlinkSync("/etc/passwd", join(dir, "passwd"));
  symlinkSync("../outside.txt", join(dir, "src/outside.txt"));
  symlinkSync("..", join(dir, "src/up"));
});
afterAll(() => rmSync(root, { recursive: true }));

test("a folder lists what a build gets to see of it, folders with a slash", async () => {
  expect(await namesIn(into, "src")).toEqual(["lib/", "outside.txt", "server.js", "up"]);
  for (const same of ["./src/", "src//"]) expect(await namesIn(into, same)).toEqual(await namesIn(into, "src"));
  const names = await namesIn(into, "");
  expect(names).toEqual(expect.arrayContaining(["README.md", "src/", "node_modules/", ".dockerignore", "passwd"]));
  for (const hidden of [".env", ".git/", "private/", "config/"]) expect(names).not.toContain(hidden);
  expect(await namesIn(into, ".")).toEqual(names);
});

test("a page has the lines that were asked for, without their ends", async () => {
  expect(await page("src/server.js")).toEqual({
    path: "src/server.js",
    from: 1,
    to: 3,
    total: 3,
    text: "import http from 'node:http';\n\n\thttp.createServer().listen(3000);",
  });
  expect(await page("./README.md", 2, 1)).toEqual({ path: "README.md", from: 2, to: 2, total: 3, text: "Two" });
  expect((await page("README.md")).text).toBe("One\nTwo\nThree");
  expect(await page("README.md", 9)).toMatchObject({ from: 9, to: 8, total: 3, text: "" });
  expect(await page("README.md", -3, 0)).toMatchObject({ from: 1, text: "One" });
  expect(await page("empty.txt")).toMatchObject({ to: 0, total: 0, text: "" });
  const many = await page("numbers.txt", 401, 5000);
  expect(many).toMatchObject({ from: 401, to: 800, total: 1000 });
  expect(many.text.split("\n").at(-1)).toBe("line 800");
});

test.each([
  ["../outside.txt", /no such file/],
  ["src/../../outside.txt", /no such file/],
  ["/etc/passwd", /no such file/],
  ["passwd", /link/],
  ["src/outside.txt", /link/],
  ["src/up/README.md", /no such file/],
  [".env", /secrets/],
  ["config/id_rsa", /secrets/],
  [".git/config", /no such file/],
  ["private/notes.md", /no such file, or .dockerignore/],
  ["src", /folder/],
  ["src/lib\0/db.js", /no such file/],
  ["", /no such file/],
])("there is nothing to read at %j", async (path, cause) => {
  const failure = { code: "no_such_file", cause: expect.stringMatching(cause) };
  await expect(page(path)).rejects.toMatchObject(failure);
});

test.each(["..", "../", "/", "/etc", "src/up", "src/server.js", ".git", "private", "none"])(
  "there is nothing to list in %j",
  async (folder) => {
    // The root by another name lists the source, and never what lies above it.
    if (folder === "/") expect(await namesIn(into, folder)).toEqual(await namesIn(into, ""));
    else await expect(namesIn(into, folder)).rejects.toMatchObject({ code: "no_such_file" });
  },
);

test("what is no text is not shown; bad UTF-8 is", async () => {
  await expect(page("logo.png")).rejects.toMatchObject({ code: "not_text", object: "logo.png" });
  expect((await page("latin1.txt")).text).toBe("caf\uFFFD\n\uFFFD\uFFFD");
});

test("nothing hides in a page or a name, and a name is taken as it was shown", async () => {
  expect((await page("trojan.js")).text).toBe("if (admin\\u{202e}) { // \\u{1b}[31mred\\u{85}");
  const name = (await namesIn(into, "")).find((one) => one.startsWith("odd"));
  expect(name).toBe("odd\\u{1b}\\n\\u{202e}name.txt");
  expect((await page(name ?? "")).text).toBe("odd");
});

test("one line of 50 MB is cut, and its length is said", async () => {
  put("long.txt", Buffer.alloc(50_000_000, "x"));
  const { text, total } = await page("long.txt");
  expect(total).toBe(1);
  expect(text.length).toBeLessThan(2100);
  expect(text).toMatch(/^x{2000} \[cut: this line has 50000000 bytes\]$/);
  rmSync(join(dir, "long.txt"));
});

test("of a file over 64 MB the rest is not looked at, and that is said", async () => {
  put("huge.txt", Buffer.concat(Array.from({ length: 65 }, () => Buffer.alloc(1_000_000, `${"y".repeat(99)}\n`))));
  const { text, total } = await page("huge.txt", 640_000, 5);
  expect(total).toBe(640_000);
  expect(text).toBe(`${"y".repeat(99)}\n[only the first 64 MB of this file are looked at]`);
  rmSync(join(dir, "huge.txt"));
});

test("a page is at most 24,000 characters of whole lines, and says where to go on", async () => {
  put("wide.txt", `${"z".repeat(999)}\n`.repeat(100));
  const first = await page("wide.txt");
  expect(first.text.length).toBeLessThan(24_000);
  expect(first.to).toBe(23);
  expect(first.text.split("\n").at(-1)).toBe("[the page is full: go on from line 24]");
  expect((await page("wide.txt", 24, 1)).text).toBe("z".repeat(999));
  rmSync(join(dir, "wide.txt"));
});

test("a secret is masked before a line is cut", async () => {
  const { text } = await page("committed.js");
  expect(text).toMatch(/^const key = "\[secret\]"; x+/);
  expect(text).not.toContain("hunter22");
  for (const { text } of (await search("const key")).matches) expect(text).not.toContain("hunter");
  for (const guess of ["hunter22-canary", "hunter22-c", "unter"]) expect((await search(guess)).matches).toEqual([]);
});

test("a search finds lines whatever their case, and says when there are more", async () => {
  expect(await search("DB = ")).toEqual({
    matches: [{ path: "src/lib/db.js", line: 1, text: "export const Db = 1;" }],
    more: false,
  });
  expect(await search("CREATESERVER")).toMatchObject({
    matches: [{ line: 3, text: "\thttp.createServer().listen(3000);" }],
  });
  const some = await search("line 1", 3);
  expect(some.matches.map(({ line }) => line)).toEqual([1, 10, 11]);
  expect(some.more).toBe(true);
  expect((await search("line", 5000)).matches).toHaveLength(100);
  expect((await search("line 1000", 1)).more).toBe(false);
});

test("a search sees no more than a page does, and shows the part of a long line that it found", async () => {
  for (const hidden of [
    "env-canary",
    "key-canary",
    "git-canary",
    "ignored-canary",
    "vendored-canary",
    "outside canary",
  ])
    expect((await search(hidden)).matches).toEqual([]);
  expect((await search("root:x:0")).matches).toEqual([]);
  put("minified.js", `${"a;".repeat(5000)}needle()${";b".repeat(5000)}`);
  const [match] = (await search("needle()")).matches;
  expect(match?.text).toHaveLength(300);
  expect(match?.text).toContain("needle()");
  rmSync(join(dir, "minified.js"));
});
