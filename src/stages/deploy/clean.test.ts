import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StageContext } from "../context.ts";
import { clean } from "./clean.ts";

// The product's own scripts, on a folder here that stands for the server's.
let root: string;
let images: Map<string, { id: string; stack: string | null }>;
let used: { ImageID: string; Image: string }[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-clean-"));
  images = new Map();
  used = [];
});
afterEach(() => rmSync(root, { recursive: true }));

const run = ([program = "", ...args]: string[]) =>
  execFileSync(
    program,
    args.map((arg) => arg.replace(/^\/var\/lib\/berth/, root)),
    { encoding: "utf8" },
  ).trimEnd();
const engine = {
  listImages: async () =>
    [...images].flatMap(([name, { id, stack }]) => (stack === "shop" ? [{ Id: id, RepoTags: [name] }] : [])),
  listContainers: async () => used,
  getImage: (name: string) => ({
    inspect: async () => {
      const found = images.get(name);
      if (!found) throw Object.assign(new Error("no such image"), { statusCode: 404 });
      return { Id: found.id };
    },
    remove: async () => void images.delete(name),
  }),
};
const ctx = {
  host: { read: async (words: string[]) => run(words), engine: async () => engine },
  lock: async () => ({ run: async (words: string[]) => run(words) }),
  builder: { here: false },
  log: () => undefined,
} as unknown as StageContext;

function file(path: string, text = "x", seconds?: number): void {
  const whole = join(root, "stacks/shop", path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  if (seconds !== undefined) utimesSync(whole, seconds, seconds);
}
const there = (folder: string) => readdirSync(join(root, "stacks/shop", folder)).sort();
const nameOf = (n: number) => `${n}`.padStart(10, "a");
const pulled = (n: number) => `r.test/app:1@sha256:${String(n).repeat(64)}`;

/** Seven releases that were applied, one after the other: each with an image of its own and a value that a person gave. */
function sevenReleases(): void {
  for (const n of [1, 2, 3, 4, 5, 6, 7]) {
    const services = [{ image: `berth/shop:${n}` }, { image: pulled(n) }];
    const secrets = [{ origin: "given", name: "key", fingerprint: `f${n}` }];
    file(`releases/${nameOf(n)}/plan.json`, JSON.stringify({ services, secrets }), 1000 + n);
    file(`releases/${nameOf(n)}/web.env`);
    file(`secrets/key/f${n}`);
    file(`pulled/${String(n).repeat(64)}`, `${pulled(n)}\n`);
    images.set(`berth/shop:${n}`, { id: `sha256:b${n}`, stack: "shop" });
    images.set(`r.test/app@sha256:${String(n).repeat(64)}`, { id: `sha256:p${n}`, stack: null });
  }
  file(`releases/${nameOf(1)}/release-command-web.json`, "{}");
  file("secrets/password/v1");
  images.set("mine:1", { id: "sha256:m", stack: null });
}
const input = {
  stack: "shop",
  release: nameOf(7),
  images: ["berth/shop:7", pulled(7)],
  secrets: [{ name: "key", fingerprint: "f7" }],
};
type Look = { output?: { kept: string[] }; before?: Record<string, string[]> };
const look = () => clean.step.observe(input, ctx) as Promise<Look>;

test("a stack without anything over has nothing to be cleaned, nor has a server that knows it not", async () => {
  expect((await look()).output).toEqual({ kept: [nameOf(7)] });
});

test("what only releases beyond the newest five needed goes, by label and by note alone", async () => {
  sevenReleases();
  used = [{ ImageID: "sha256:b2", Image: "sha256:b2" }];
  const { before } = await look();
  expect(before).toEqual({
    releases: [nameOf(1), nameOf(2)],
    // A container that failed is still made from the second.
    images: ["berth/shop:1"],
    pulled: [pulled(1), pulled(2)],
    built: [],
    secrets: ["key/f1", "key/f2"],
  });
  await clean.step.apply(input, before, ctx);
  expect((await look()).output).toEqual({ kept: [7, 6, 5, 4, 3].map(nameOf) });
  // That its release command has run is known still.
  expect(there("releases")).toEqual([1, 3, 4, 5, 6, 7].map(nameOf));
  expect(there(`releases/${nameOf(1)}`)).toEqual(["release-command-web.json"]);
  expect(there("secrets/key")).toEqual(["f3", "f4", "f5", "f6", "f7"]);
  expect(there("secrets/password")).toEqual(["v1"]);
  expect(there("pulled")).toHaveLength(5);
  expect([...images.keys()].filter((name) => name.startsWith("berth/"))).toEqual(
    [2, 3, 4, 5, 6, 7].map((n) => `berth/shop:${n}`),
  );
  expect(images.has("mine:1")).toBe(true);
});

test("where a plan that stays cannot be read, nobody knows what it needs: nothing but old files goes", async () => {
  sevenReleases();
  file(`releases/${nameOf(5)}/plan.json`, "{", 1005);
  const { before } = await look();
  expect(before).toEqual({ releases: [nameOf(1), nameOf(2)], images: [], pulled: [], built: [], secrets: [] });
});

test("an image that was there before is not noted, and stays", async () => {
  sevenReleases();
  rmSync(join(root, "stacks/shop/pulled", "1".repeat(64)));
  expect((await look()).before?.["pulled"]).toEqual([pulled(2)]);
});
