import { expect, test } from "vitest";
import { chooseSubnet, layoutOf } from "./network.ts";

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
  expect(layout.addresses(0)).toEqual(["172.30.7.10", "172.30.7.11"]);
  expect(layout.addresses(54)).toEqual(["172.30.7.118", "172.30.7.119"]);
});
