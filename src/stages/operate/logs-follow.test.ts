import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Docker from "dockerode";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../kit/wait.ts";
import type { Logged } from "./logs-containers.ts";
import { at, frame } from "./logs-fixture.ts";
import { type LogsWanted, type Marks, readLogs } from "./logs-follow.ts";

/** An Engine with nothing but logs, as it sends them: what a container has written so far, then what comes. */
let engine: Docker;
let stop: () => void;
const logs = new Map<string, Buffer[]>();
const open = new Map<string, Set<ServerResponse>>();
const asked: string[] = [];

beforeEach(async () => {
  for (const all of [logs, open]) all.clear();
  asked.length = 0;
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const [, id = ""] = /containers\/(\w+)\/logs/.exec(request.url ?? "") ?? [];
    response.writeHead(logs.has(id) ? 200 : 404);
    response.write(Buffer.concat(logs.get(id) ?? []));
    if (!request.url?.includes("follow=true")) return void response.end();
    open.set(id, (open.get(id) ?? new Set()).add(response));
    response.on("close", () => open.get(id)?.delete(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  engine = new Docker({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, protocol: "http" });
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterEach(() => stop());

const write = (id: string, ...numbers: number[]) => {
  const frames = numbers.map((n) => frame("stdout", at(n), String(n)));
  logs.set(id, [...(logs.get(id) ?? []), ...frames]);
  for (const response of open.get(id) ?? []) response.write(Buffer.concat(frames));
};
/** Calls back once somebody follows a container's log. */
async function whenFollowed(id: string, then: () => void): Promise<void> {
  await until(async () => ((open.get(id)?.size ?? 0) > 0 ? true : undefined), { timeoutMs: 20_000, everyMs: 10 });
  then();
}
const endFollowers = (id: string, how: "end" | "destroy") => {
  for (const response of open.get(id) ?? []) response[how]();
  open.delete(id);
};
const container = (id: string, live = true): Logged => ({ id, name: id, service: id, title: id, live });

/** Reads until so many lines have come. */
async function read(
  containers: () => Logged[],
  wanted: LogsWanted,
  { lines: enough, marks = new Map() }: { lines: number; marks?: Marks },
): Promise<string[]> {
  const source = { containers: async () => containers(), stream: async () => ({ engine, done: () => undefined }) };
  const leaving = new AbortController();
  const texts: string[] = [];
  for await (const lines of readLogs(source, wanted, marks, leaving.signal)) {
    texts.push(...lines.map(({ container: name, text }) => name + text));
    if (texts.length >= enough) leaving.abort();
  }
  return texts;
}

test("logs of stopped and running containers are read to their end as one", async () => {
  write("a", 1, 4);
  write("b", 2, 3);
  const both = () => [container("a"), container("b", false), container("gone")];
  expect(await read(both, { follow: false, from: { tail: 50 } }, { lines: 99 })).toEqual(["a1", "b2", "b3", "a4"]);
  expect(asked.every((url) => url.includes("tail=50") && url.includes("timestamps=true"))).toBe(true);
});

test("a container that comes later is followed from its first line on, and the rest of the old one's is read", async () => {
  write("old", 1);
  const there = [container("old")];
  void whenFollowed("old", () => {
    write("old", 2);
    write("new", 3);
    there.push(container("new"));
    endFollowers("old", "end");
    there.shift();
  });
  const texts = await read(() => there, { follow: true, from: { tail: 10 } }, { lines: 3 });
  expect(texts).toEqual(["old1", "old2", "new3"]);
  expect(asked.filter((url) => url.includes("new")).join()).not.toContain("tail");
});

test("one that is started again goes on where it was", async () => {
  write("a", 1, 2);
  void whenFollowed("a", () => {
    endFollowers("a", "end");
    write("a", 3);
  });
  expect(await read(() => [container("a")], { follow: true, from: {} }, { lines: 3 })).toEqual(["a1", "a2", "a3"]);
});

test("a line that breaks is a failure, after which the same marks go on without a line lost or given twice", async () => {
  write("a", 1, 2);
  const marks: Marks = new Map();
  // Cut once both lines have been read.
  void whenFollowed("a", () => setTimeout(() => endFollowers("a", "destroy"), 300));
  const [broken] = await Promise.allSettled([
    read(() => [container("a")], { follow: true, from: {} }, { lines: 9, marks }),
  ]);
  expect(broken).toMatchObject({ status: "rejected", reason: { code: "ECONNRESET" } });
  write("a", 3, 4);
  expect(await read(() => [container("a")], { follow: true, from: {} }, { lines: 2, marks })).toEqual(["a3", "a4"]);
});
