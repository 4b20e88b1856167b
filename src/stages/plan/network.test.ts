import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate, chooseSubnet, layoutOf } from "./network.ts";

test("takes the first subnet from its own place on that overlaps nothing", () => {
  const first = chooseSubnet([], "shop");
  const third = Number(first.split(".")[2]);
  expect(first).toMatch(/^172\.3[01]\.\d+\.0\/24$/);
  expect(chooseSubnet(["10.0.0.0/8", "fd00::/8", "default"], "shop")).toBe(first);
  const next = first.replace(`.${third}.0/24`, `.${third + 1}.0/24`);
  expect(chooseSubnet([first], "shop")).toBe(next);
  expect(chooseSubnet([first, next.replace(".0/24", ".128/25")], "shop")).toBe(
    next.replace(`.${third + 1}.`, `.${third + 2}.`),
  );
  expect(chooseSubnet(["172.30.0.0/16"], "shop")).toMatch(/^172\.31\./);
  expect(chooseSubnet(["172.31.0.0/16"], "shop")).toMatch(/^172\.30\./);
});

test("two stacks that do not see each other take two subnets", () => {
  expect(chooseSubnet([], "shop")).not.toBe(chooseSubnet([], "blog"));
});

test("says so when none is left", () => {
  expect(() => chooseSubnet(["172.16.0.0/12"], "shop")).toThrow("No free network");
});

test("fixed addresses lie outside the range that the Engine hands out", () => {
  const layout = layoutOf("172.30.7.0/24");
  expect(layout).toMatchObject({ gateway: "172.30.7.1", ipRange: "172.30.7.128/25" });
  expect(layout.pairs[0]).toEqual(["172.30.7.10", "172.30.7.11"]);
  expect(layout.pairs.at(-1)).toEqual(["172.30.7.126", "172.30.7.127"]);
});

describe("the addresses of replicas", () => {
  const { pairs } = layoutOf("172.30.7.0/24");
  const names = ["web", "api", "worker", "cron"];
  /** What a stack could look like after each of several releases: services come and go, and are scaled. */
  const releases = fc.array(
    fc
      .uniqueArray(fc.record({ name: fc.constantFrom(...names), replicas: fc.integer({ min: 1, max: 14 }) }), {
        selector: ({ name }) => name,
      })
      .filter((wanted) => wanted.reduce((sum, { replicas }) => sum + replicas, 0) <= pairs.length),
    { maxLength: 8 },
  );
  const addressesOf = (found: ReturnType<typeof allocate>) =>
    [...found].map(([name, addresses]) => ({ name, addresses }));

  test("are one container's alone, are kept through every release, and do not change by having been applied", () => {
    fc.assert(
      fc.property(releases, (wishes) => {
        let last: ReturnType<typeof addressesOf> = [];
        for (const wanted of wishes) {
          const found = allocate(pairs, wanted, last);
          expect([...found].map(([name, { length }]) => ({ name, replicas: length }))).toEqual(wanted);
          const all = [...found.values()].flat();
          expect(new Set(all.flat()).size).toBe(2 * all.length);
          for (const { name, addresses } of last) {
            const now = found.get(name) ?? [];
            const both = Math.min(now.length, addresses.length);
            expect(now.slice(0, both)).toEqual(addresses.slice(0, both));
          }
          last = addressesOf(found);
          expect(addressesOf(allocate(pairs, wanted, last))).toEqual(last);
        }
      }),
    );
  });

  test("of what leaves are not given to what begins beside it", () => {
    const last = addressesOf(allocate(pairs, [{ name: "web", replicas: 1 }], []));
    const [begins] = addressesOf(allocate(pairs, [{ name: "api", replicas: 1 }], last));
    expect(begins?.addresses).toEqual([pairs[1]]);
  });
});
