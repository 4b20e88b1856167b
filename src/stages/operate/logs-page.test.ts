import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Logged } from "./logs-containers.ts";
import { at, frame } from "./logs-fixture.ts";
import { engineTime } from "./logs-frames.ts";
import { type LogPage, readPage } from "./logs-page.ts";

// Two containers that have written by turns, and an Engine that knows `tail` and `since`.
const total = 3000;
let engine: Docker;
let stop: () => void;

beforeAll(async () => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://engine");
    const turn = url.pathname.includes("/odd/") ? 1 : 0;
    const all = Array.from({ length: total / 2 }, (_, n) => 2 * n + turn);
    const tail = Number(url.searchParams.get("tail") ?? total);
    const since = Number(url.searchParams.get("since") ?? 0);
    const asked = all.slice(-tail).filter((n) => Number(engineTime(at(n))) >= since);
    response.end(Buffer.concat(asked.map((n) => frame("stdout", at(n), `line ${n}`))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  engine = new Docker({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, protocol: "http" });
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
});
afterAll(() => stop());

const both: Logged[] = ["even", "odd"].map((id) => ({ id, name: id, service: id, title: id, live: true }));
const page = (wanted: { after?: string; before?: string }, chars = 2000) =>
  readPage(engine, both, { ...wanted, chars }, new AbortController().signal);
const numbers = ({ lines }: LogPage) => lines.map(({ text }) => Number(text.split(" ")[1]));

test("the newest lines of all containers, in the order of time", async () => {
  const newest = await page({});
  const seen = numbers(newest);
  expect(seen.length).toBeGreaterThan(20);
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, n) => total - seen.length + n));
  expect(newest.more).toBe(true);
});

test("pages back to the beginning and forward to the end have every line once", async () => {
  const back: number[] = [];
  for (let before: string | undefined; ; ) {
    const { lines, more } = await page({ ...(before !== undefined && { before }) }, 30_000);
    back.unshift(...numbers({ lines, more }));
    if (lines.length === 0) break;
    before = lines[0]?.time;
  }
  expect(back).toEqual(Array.from({ length: total }, (_, n) => n));

  const forward: number[] = [];
  for (let after = at(0); ; ) {
    const { lines, more } = await page({ after }, 30_000);
    forward.push(...numbers({ lines, more }));
    if (!more) break;
    after = lines.at(-1)?.time ?? after;
  }
  expect(forward).toEqual(Array.from({ length: total - 1 }, (_, n) => n + 1));
});
