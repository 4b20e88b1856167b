import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { at } from "./logs-fixture.ts";
import type { LogLine } from "./logs-frames.ts";
import { createMerge } from "./logs-merge.ts";

const lines = (...numbers: number[]): LogLine[] =>
  numbers.map((n) => ({ time: at(n), stream: "stdout", text: String(n) }));

async function textsOf(merge: ReturnType<typeof createMerge>): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of merge.batches()) texts.push(...batch.map(({ container, text }) => container + text));
  return texts;
}

test("logs come in the order of their times, whoever brings them first", async () => {
  const merge = createMerge({ holdMs: 60_000 });
  const [a, b] = [merge.lane("a"), merge.lane("b")];
  const read = textsOf(merge);
  await a.push(lines(1, 4, 5));
  await sleep(20);
  await b.push(lines(2, 3, 6));
  a.end();
  b.end();
  merge.close();
  expect(await read).toEqual(["a1", "b2", "b3", "a4", "a5", "b6"]);
});

test("one that says nothing keeps the others for a moment only, and one that has not opened yet for longer", async () => {
  const merge = createMerge({ holdMs: 1, openMs: 60_000 });
  const [a, quiet] = [merge.lane("a"), merge.lane("quiet")];
  const batches = merge.batches();
  await a.push(lines(1));
  const first = batches.next();
  expect(await Promise.race([first, sleep(50, "waits")])).toBe("waits");
  quiet.opened();
  expect((await first).value).toMatchObject([{ text: "1" }]);
  merge.close();
});

test("whoever takes slowly slows down who brings: little waits here", async () => {
  const merge = createMerge();
  const lane = merge.lane("a");
  let brought = 0;
  const bringing = (async () => {
    for (let n = 0; n < 500; n++) {
      await lane.push(lines(...Array.from({ length: 100 }, (_, m) => n * 100 + m)));
      brought += 100;
    }
    lane.end();
    merge.close();
  })();
  const numbers: number[] = [];
  let most = 0;
  for await (const batch of merge.batches()) {
    numbers.push(...batch.map(({ text }) => Number(text)));
    await sleep(1);
    most = Math.max(most, brought - numbers.length);
  }
  await bringing;
  expect(numbers).toEqual(Array.from({ length: 50_000 }, (_, n) => n));
  expect(most).toBeLessThan(5000);
});

test("what had come is given before a failure is thrown", async () => {
  const merge = createMerge();
  const lane = merge.lane("a");
  await lane.push(lines(1, 2));
  merge.close({ error: new Error("cut") });
  const seen: string[] = [];
  await expect(
    (async () => {
      for await (const batch of merge.batches()) seen.push(...batch.map(({ text }) => text));
    })(),
  ).rejects.toThrow("cut");
  expect(seen).toEqual(["1", "2"]);
});
