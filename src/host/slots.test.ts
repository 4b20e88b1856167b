import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { slots } from "./slots.ts";

test("never more than its size at once, in order, and a failure frees its slot", async () => {
  const inSlot = slots(2);
  const started: number[] = [];
  let now = 0;
  let most = 0;
  const work = (id: number) =>
    inSlot(async () => {
      started.push(id);
      most = Math.max(most, ++now);
      await turn();
      now--;
      if (id === 0) throw new Error("failed");
    });
  const results = await Promise.allSettled(Array.from({ length: 7 }, (_, id) => work(id)));
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", ...Array(6).fill("fulfilled")]);
});
