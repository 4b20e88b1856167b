import { Command } from "commander";
import { expect, test } from "vitest";
import { type PlanOptions, wishesOf, withPlanOptions } from "./plan-options.ts";

/** What is typed behind `berth plan SOURCE --server s`, as wishes. */
function typed(...flags: string[]) {
  const command = withPlanOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(["node", "berth", "--server", "s", ...flags]);
  return wishesOf(command.opts<PlanOptions>());
}

test("what is said of several services, flag by flag, is one wish each", () => {
  const flags = ["--memory", "512", "--memory", "api=256", "--replicas", "api=3", "--cpus", "worker=0.5"];
  expect(typed(...flags, "--strategy", "worker=stop-first")).toEqual({
    env: {},
    memoryMegabytes: 512,
    services: { api: { memoryMegabytes: 256, replicas: 3 }, worker: { cpus: 0.5, strategy: "stop-first" } },
  });
});

test("ports and routes are as they are written", () => {
  const ports = ["db:5432", "db:5432:15432", "game:27015/udp"].flatMap((text) => ["--publish", text]);
  expect(typed(...ports).publish).toEqual([
    { service: "db", port: 5432, protocol: "tcp" },
    { service: "db", port: 5432, hostPort: 15432, protocol: "tcp" },
    { service: "game", port: 27015, protocol: "udp" },
  ]);
  const routes = ["/=web", "/api/=api,strip", "admin.example.com=admin", "x.example.com/v1=api"];
  expect(typed(...routes.flatMap((text) => ["--route", text])).routes).toEqual([
    { path: "/", service: "web", strip: false },
    { path: "/api", service: "api", strip: true },
    { host: "admin.example.com", path: "/", service: "admin", strip: false },
    { host: "x.example.com", path: "/v1", service: "api", strip: false },
  ]);
});

test("what was wished before is taken back by a word", () => {
  expect(typed("--publish", "none", "--route", "default")).toEqual({ env: {}, publish: [], routes: [] });
});

test.each([
  ["--publish", "db"],
  ["--publish", "db:port"],
  ["--publish", "db:1/sctp"],
  ["--route", "web"],
  ["--route", "=web"],
  ["--replicas", "3"],
  ["--replicas", "api=many"],
  ["--cpus", "api=-1"],
  ["--memory", "api=1.5"],
])("%s %s is not understood, and says how it is written", (flag, text) => {
  expect(() => typed(flag, text)).toThrow(/form/);
});

test.each([
  ["--publish", "db:70000"],
  ["--route", "a b=web"],
  ["--replicas", "api=0"],
  ["--strategy", "api=fast"],
  ["--memory", "API=512"],
])("%s %s is refused with its reason", (flag, text) => {
  expect(() => typed(flag, text)).toThrow(expect.objectContaining({ code: "bad_wish" }));
});
