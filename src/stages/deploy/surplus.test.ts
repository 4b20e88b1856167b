import { expect, test } from "vitest";
import { keptOf, parseNeeds, parseReleases, surplusImages, surplusSecrets } from "./surplus.ts";

const name = (n: number) => String(n).padStart(10, "a");
const release = (n: number, recorded: number | null) => ({ name: name(n), recorded, full: true });

test("the one that runs and the four before it stay, however often one was gone back to", () => {
  const releases = [release(1, 10), release(2, 70), release(3, 30), release(4, 40), release(5, 50), release(6, 60)];
  expect(keptOf(releases, name(2))).toEqual([2, 6, 5, 4, 3].map(name));
  expect(keptOf([release(7, null), ...releases], name(8))).toEqual([8, 2, 6, 5, 4].map(name));
  expect(keptOf([], name(1))).toEqual([name(1)]);
});

test("a folder that is no release's is left alone", () => {
  const printed = "aaaaaaaaa1 1700000000.5 full\naaaaaaaaa2 - -\nmine 1 full\n../../x 1 full\n";
  expect(parseReleases(printed)).toEqual([
    { name: "aaaaaaaaa1", recorded: 1700000000.5, full: true },
    { name: "aaaaaaaaa2", recorded: null, full: false },
  ]);
});

test("an image goes by the names that nobody needs; one that a container is made from stays", () => {
  const images = [
    { id: "sha256:1", names: ["berth/shop:1", "mine:keep"] },
    { id: "sha256:2", names: ["berth/shop:2"] },
    { id: "sha256:3", names: [] },
    { id: "sha256:4", names: ["berth/shop:4"] },
  ];
  const needed = new Set(["berth/shop:2", "mine:keep"]);
  expect(surplusImages(images, needed, new Set(["sha256:4"]))).toEqual(["berth/shop:1", "sha256:3"]);
});

test("a value that a person gave goes with the last release that uses it; one that was made here never goes", () => {
  const needs = parseNeeds(
    JSON.stringify({
      services: [{ image: "berth/shop:1" }],
      secrets: [
        { origin: "given", name: "key", fingerprint: "f2" },
        { origin: "generated", name: "password", version: 1 },
      ],
    }),
  );
  const files = ["key/f1", "key/f2", "gone/f1", "password/v1", "old-password/v3", "README", "a/b/c"];
  expect(surplusSecrets(files, needs ? [needs] : [])).toEqual(["key/f1", "gone/f1"]);
  expect(parseNeeds("{")).toBeUndefined();
  expect(parseNeeds("{}")).toBeUndefined();
});
