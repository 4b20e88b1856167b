import { expect, test } from "vitest";
import { inOrder } from "./order.ts";

const service = (name: string, ...dependsOn: string[]) => ({ name, dependsOn });
const names = (...services: { name: string; dependsOn: string[] }[]) => inOrder(services).map(({ name }) => name);

test("each service comes after those it depends on, otherwise the plan's order stays", () => {
  expect(names(service("b"), service("a"))).toEqual(["b", "a"]);
  expect(names(service("web", "api"), service("api", "auth"), service("auth"), service("cron"))).toEqual([
    "auth",
    "api",
    "web",
    "cron",
  ]);
});

test("what is no service of the plan is up before", () => {
  expect(names(service("web", "postgres"))).toEqual(["web"]);
});

test("services that wait for each other are refused", () => {
  const cycle = () => inOrder([service("a", "b"), service("b", "a"), service("c")]);
  expect(cycle).toThrow(expect.objectContaining({ code: "dependency_cycle", object: "a, b" }));
});
