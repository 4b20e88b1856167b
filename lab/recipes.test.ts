import { describe, expect, test } from "vitest";
import { defaultBases, parseRecipes, readRecipes, recipeFor, recipeHash } from "./recipes.ts";

describe("recipes of base images", () => {
  test("one Dockerfile declares its images, their other names and arguments", () => {
    const text =
      "# image lab/x:2 FROM=debian:12-slim\n# image lab/x:1 lab/x FROM=debian:13-slim K=v\nARG FROM\nFROM $FROM\n";
    expect(parseRecipes(text, "/x")).toEqual([
      { name: "lab/x:2", aliases: [], args: { FROM: "debian:12-slim" }, folder: "/x", from: "debian:12-slim" },
      {
        name: "lab/x:1",
        aliases: ["lab/x"],
        args: { FROM: "debian:13-slim", K: "v" },
        folder: "/x",
        from: "debian:13-slim",
      },
    ]);
  });

  test("those that `up` makes are there, each on bases that are there", () => {
    for (const name of defaultBases) expect(recipeHash(recipeFor(name))).toMatch(/^[0-9a-f]{64}$/);
  });

  test("an alias is its image, an unknown name lists what there is", () => {
    expect(recipeFor("node:24").name).toBe("node:24-slim");
    expect(() => recipeFor("cobol:1")).toThrow(/no recipe for cobol:1 .*postgres:17/);
  });

  test("a changed base changes what stands on it", () => {
    const recipes = readRecipes();
    const changed = recipes.map((one) => (one.name === "debian:13-slim" ? { ...one, args: { SUITE: "forky" } } : one));
    const of = (name: string, list: typeof recipes) => recipeHash(recipeFor(name, list), list);
    expect(of("node:24-slim", changed)).not.toBe(of("node:24-slim", recipes));
    expect(of("lab/server:12", changed)).toBe(of("lab/server:12", recipes));
  });
});
