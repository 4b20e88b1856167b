import { expect, test } from "vitest";
import { mergeWishes, Wishes } from "./wishes.ts";

test("what is not wished otherwise stays wished, also where it is named without a value", () => {
  const earlier = Wishes.parse({
    stack: "shop",
    domain: "shop.example.com",
    memoryMegabytes: 384,
    env: { A: "1", B: "2" },
  });
  const now = Wishes.parse({
    stack: undefined,
    domain: "new.example.com",
    memoryMegabytes: undefined,
    env: { B: "3" },
  });
  expect(mergeWishes(earlier, now)).toEqual({ ...earlier, domain: "new.example.com", env: { A: "1", B: "3" } });
  expect(mergeWishes(earlier, Wishes.parse({ domain: undefined }))).toEqual(earlier);
});
