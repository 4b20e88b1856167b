import { expect, test } from "vitest";
import { chooseSubnet, layoutOf } from "./network.ts";

test("takes the first subnet that overlaps nothing", () => {
  expect(chooseSubnet([])).toBe("172.30.0.0/24");
  expect(chooseSubnet(["172.30.0.0/24", "172.30.1.128/25"])).toBe("172.30.2.0/24");
  expect(chooseSubnet(["172.30.0.0/16"])).toBe("172.31.0.0/24");
  expect(chooseSubnet(["10.0.0.0/8", "fd00::/8", "default"])).toBe("172.30.0.0/24");
});

test("says so when none is left", () => {
  expect(() => chooseSubnet(["172.16.0.0/12"])).toThrow("No free network");
});

test("fixed addresses lie outside the range that the Engine hands out", () => {
  const layout = layoutOf("172.30.7.0/24");
  expect(layout).toMatchObject({ gateway: "172.30.7.1", ipRange: "172.30.7.128/25" });
  expect(layout.addresses(0)).toEqual(["172.30.7.10", "172.30.7.11"]);
  expect(layout.addresses(54)).toEqual(["172.30.7.118", "172.30.7.119"]);
});
