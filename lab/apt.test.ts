import { expect, test } from "vitest";
import { mirrorIn } from "./apt.ts";

test.each([
  [
    "Types: deb\n# http://old.test/debian\nURIs: http://mirror.test/debian\nSuites: bookworm\n",
    "http://mirror.test/debian",
  ],
  ["deb https://mirror.test/debian/ trixie main\n", "http://mirror.test/debian"],
  ["deb [signed-by=/k] http://mirror.test/debian trixie main", "http://mirror.test/debian"],
  ["deb http://mirror.test/debian-security trixie-security main\n", undefined],
  ["URIs: http://archive.test/ubuntu\n", undefined],
])("the Debian mirror in %j", (sources, mirror) => {
  expect(mirrorIn(sources)).toBe(mirror);
});
