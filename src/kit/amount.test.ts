import { expect, test } from "vitest";
import { bytesText } from "./amount.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_600, "1.0 MB"],
  [5_140_000_000, "5.1 GB"],
  [20_000_000_000_000_000, "20000 TB"],
])("%d bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));
