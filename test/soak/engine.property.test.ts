import { expect, test } from "vitest";
import { allEnds, tellStories } from "../engine/property.ts";

test("any order of crash, resume, cancel and change, many times over", async () => {
  expect([...(await tellStories(5000))].sort()).toEqual(allEnds);
});
