import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { putAnalysis } from "../store/analyses.ts";
import { analysesOf } from "./analyses.ts";
import { readSource } from "./analyze.ts";
import { openedBerth } from "./fixture.ts";
import { addressOf } from "./kept-analyses.ts";

// git is started, on a machine that others use too.
vi.setConfig({ testTimeout: 30_000 });

const cwd = mkdtempSync(join(tmpdir(), "berth-analyses-"));
afterAll(() => rmSync(cwd, { recursive: true }));

const opened: ReturnType<typeof openedBerth>[] = [];
const open = (version = "0.0.1", before = openedBerth({ version })) => {
  if (!opened.includes(before)) opened.push(before);
  return { berth: before, analyses: analysesOf(before, { cwd, git: {}, scrub: (text) => text }) };
};
afterEach(() => {
  for (const berth of opened.splice(0)) berth.remove();
});
const never = new AbortController().signal;

const put = (path: string, text: string) => {
  mkdirSync(join(cwd, path, ".."), { recursive: true });
  writeFileSync(join(cwd, path), text);
};
const app = (name: string) => {
  put(`${name}/package.json`, JSON.stringify({ dependencies: { express: "5" }, scripts: { start: "node server.js" } }));
  put(`${name}/server.js`, "require('express')().listen(process.env.PORT ?? 4711)\n");
};

test("a source is brought here, read and kept, and can be looked into", async () => {
  app("shop");
  const { analyses } = open();
  const record = await analyses.analyze("shop", never);
  expect(record.id).toMatch(/^analysis_[0-9a-f]{16}$/);
  expect(record.source).toBe(join(cwd, "shop"));
  expect(record.analysis.services).toMatchObject([{ kind: "web", port: 4711 }]);
  expect(record.text).toContain("server.js:1");
  expect(analyses.get(record.id)).toEqual(record);
  expect(await analyses.files(record.id, "")).toEqual(["package.json", "server.js"]);
  expect(await analyses.page(record.id, "server.js", 1, 10)).toMatchObject({
    total: 1,
    text: expect.stringContaining("4711"),
  });
  expect((await analyses.search(record.id, "LISTEN", 5)).matches).toMatchObject([{ path: "server.js", line: 1 }]);
});

test("the state folder is no source, nor is what holds it or lies in it, also behind a link", async () => {
  const { berth, analyses } = open();
  symlinkSync(berth.config.home, join(cwd, "innocent"));
  for (const source of [berth.config.home, join(berth.config.home, "sources"), tmpdir(), "/", "innocent"])
    await expect(analyses.analyze(source, never)).rejects.toMatchObject({ code: "source_refused" });
});

test("what programs and the system keep for themselves is no source of a model's, also behind a link", async () => {
  const home = join(cwd, "somebody");
  const { berth, analyses } = open("0.0.1", openedBerth({ env: { PATH: "/usr/bin:/bin", HOME: home } }));
  app("somebody/.config/program");
  app("somebody/shop/.hidden/part");
  symlinkSync(join(home, ".config"), join(home, "shop/src"));
  const kept = [home, join(home, ".."), join(home, ".config"), join(home, ".config/program"), join(home, "shop/src")];
  for (const source of [...kept, "somebody/.ssh", "/etc", "/etc/ssh", "/proc/self", "/var/log"])
    await expect(analyses.analyze(source, never), source).rejects.toMatchObject({ code: "source_refused" });
  await expect(analyses.analyze(join(home, "shop/.hidden/part"), never)).resolves.toHaveProperty("id");
  await expect(readSource(berth, join(home, ".config/program"), cwd, {})).resolves.toHaveProperty("analysis");
});

test("where a plan's source came from is known by its content: another of its name does not pass for it", async () => {
  const { berth, analyses } = open();
  app("mine/shop");
  app("theirs/shop");
  put("theirs/shop/extra.js", "// Something else.\n");
  const contents: { name: string; contentHash: string }[] = [];
  for (const source of ["mine/shop", "theirs/shop"]) {
    await analyses.analyze(source, never);
    const { name, contentHash } = (await readSource(berth, source, cwd, {})).source;
    contents.push({ name, contentHash });
  }
  const from = contents.map((content) => addressOf(berth.store, content));
  expect(from).toEqual([join(cwd, "mine/shop"), join(cwd, "theirs/shop")]);
  expect(addressOf(berth.store, { name: "shop", contentHash: "0".repeat(64) })).toBeUndefined();
});

test("the copy is what is looked into, whatever becomes of the folder", async () => {
  app("moving");
  const { analyses } = open();
  const { id } = await analyses.analyze("moving", never);
  symlinkSync("/etc/passwd", join(cwd, "moving/passwd"));
  put("moving/server.js", "changed\n");
  expect(await analyses.files(id, "")).toEqual(["package.json", "server.js"]);
  expect((await analyses.page(id, "server.js", 1, 1)).text).toContain("express");
  for (const path of ["../../berth.db", "passwd", "../"])
    await expect(analyses.page(id, path, 1, 1)).rejects.toMatchObject({ code: "no_such_file" });
});

test("the same content is not read again, other content is another analysis", async () => {
  app("same");
  const { berth, analyses } = open();
  const first = await analyses.analyze("same", never);
  // A mark that reading it anew would wipe out.
  berth.store.run("UPDATE analyses SET created = 'marked'");
  expect(await analyses.analyze("./same", never)).toEqual({ ...first, created: "marked" });
  // .dockerignore keeps it from a build, so that the content hash is the same; the analysis reads it.
  put("same/.dockerignore", "compose.yaml\n");
  const ignoring = await analyses.analyze("same", never);
  put("same/compose.yaml", "services: {}\n");
  const composed = await analyses.analyze("same", never);
  expect(new Set([first.id, ignoring.id, composed.id]).size).toBe(3);
  expect(analyses.list().map(({ id }) => id)).toEqual([first.id, composed.id, ignoring.id]);
});

test("what another version of Berth found is not taken for what this one finds", async () => {
  app("versions");
  const { berth, analyses } = open("0.0.1");
  const first = await analyses.analyze("versions", never);
  const { analyses: newer } = open("0.0.2", { ...berth, config: { ...berth.config, version: "0.0.2" } });
  opened.pop();
  expect((await newer.analyze("versions", never)).id).not.toBe(first.id);
});

test("an analysis that is not here, or that nobody can read any more, is said so", () => {
  const { berth, analyses } = open();
  expect(() => analyses.get("analysis_0000")).toThrow(expect.objectContaining({ code: "no_such_analysis" }));
  const old = { source: "x", created: "2026-01-01", analysis: { version: 0 } };
  putAnalysis(berth.store, { ...old, id: "analysis_1", resolved: null });
  putAnalysis(berth.store, { ...old, id: "analysis_2", resolved: { dir: "/" } });
  for (const id of ["analysis_1", "analysis_2"]) {
    const cause = expect.stringContaining("Another version");
    expect(() => analyses.get(id)).toThrow(expect.objectContaining({ code: "no_such_analysis", cause }));
  }
  expect(analyses.list().map(({ id }) => id)).toEqual(["analysis_2"]);
});

test("a source that was removed is said to be gone, and comes back with the next analysis", async () => {
  app("gone");
  const { berth, analyses } = open();
  const { id } = await analyses.analyze("gone", never);
  rmSync(join(berth.config.home, "sources"), { recursive: true });
  const failure = { code: "source_gone", next: expect.stringContaining(join(cwd, "gone")) };
  await expect(analyses.files(id, "")).rejects.toMatchObject(failure);
  await expect(analyses.page(id, "server.js", 1, 1)).rejects.toMatchObject(failure);
  await expect(analyses.search(id, "x", 1)).rejects.toMatchObject(failure);
  expect((await analyses.analyze("gone", never)).id).toBe(id);
  expect(await analyses.files(id, "")).toContain("server.js");
});

test("equal calls share one piece of work, which ends when the last has left", async () => {
  const connections: Socket[] = [];
  // Takes connections and never says a word.
  const server = createServer((socket) => void connections.push(socket.on("error", () => undefined)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const source = `https://127.0.0.1:${(server.address() as AddressInfo).port}/owner/app.git`;
  const { analyses } = open();
  const [first, second] = [new AbortController(), new AbortController()];
  const asking = [analyses.analyze(source, first.signal), analyses.analyze(` ${source}`, second.signal)];
  for (const one of asking) one.catch(() => undefined);
  await once(server, "connection");
  const ended = once(connections[0] ?? server, "close");
  first.abort(new Error("first left"));
  await expect(asking[0]).rejects.toThrow("first left");
  expect(connections.map(({ closed }) => closed)).toEqual([false]);
  second.abort(new Error("second left"));
  await expect(asking[1]).rejects.toThrow("second left");
  await ended;
  server.close();
});
