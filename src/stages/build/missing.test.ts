import { expect, test } from "vitest";
import { partCounts } from "./missing.ts";

const layers = (...megabytes: number[]) =>
  megabytes.map((size, index) => ({ digest: String(index), file: "", size: size * 1e6 }));

test.each([
  ["a small image comes at once", layers(10, 10, 1), [], [3]],
  ["a large one comes in growing parts", layers(30, 30, 30), [], [1, 2, 3]],
  ["small layers go together", layers(10, 10, 10, 10, 10, 10), [], [2, 4, 6]],
  ["layers that are there count nothing", layers(100, 100, 1), ["0", "1"], [3]],
  ["one large layer is one part", layers(200), [], [1]],
] as const)("%s", (_, all, there, counts) => {
  expect(partCounts(all, new Set(there))).toEqual(counts);
});
