import { expect, test } from "vitest";
import { capture } from "./capture.ts";

test("the last characters are kept, whatever the pieces", () => {
  const kept = capture(5);
  expect(kept.text()).toBe("");
  for (const piece of ["ab", "cdefghijklmn", "o", ""]) kept.write(piece);
  expect(kept.text()).toBe("klmno");
});
