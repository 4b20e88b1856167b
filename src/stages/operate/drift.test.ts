import type { ContainerInspectInfo } from "dockerode";
import { expect, test } from "vitest";
import type { StackRoute } from "../../proxies/proxy.ts";
import { deployCalls } from "../deploy/index.ts";
import { plan } from "../plan/plan-fixture.ts";
import { environmentDrift, expectedIn, stateDrift } from "./drift-container.ts";
import { fileDifferences, upstreamDifferences } from "./drift-routes.ts";

test("the containers of a plan are those that its steps would start", () => {
  const expected = expectedIn(deployCalls(plan));
  expect(expected.map(({ part }) => part).toSorted()).toEqual(
    [...plan.services, ...plan.backing].map(({ name }) => name).toSorted(),
  );
  expect(expected.flatMap(({ containers }) => containers)).toHaveLength(
    plan.services.reduce((sum, { replicas }) => sum + replicas, plan.backing.length),
  );
});

test.each([
  [{ Status: "running" }, undefined],
  [{ Status: "exited", ExitCode: 137 }, "container web is stopped (exited 137)"],
  [{ Status: "exited", ExitCode: 137, OOMKilled: true }, "container web is stopped (exited 137, out of memory)"],
  [{ Status: "restarting", ExitCode: 1 }, "container web is started again and again (exited 1)"],
  [{ Status: "paused" }, "container web is paused"],
])("a container that does not run as it shall is named (%#)", (state, words) =>
  expect(stateDrift("web", state as ContainerInspectInfo["State"])).toBe(words),
);

test("another environment is told by its names alone, and what the image says is no change", () => {
  const image = ["PATH=/bin", "LANG=C"];
  const wanted = ["A=1", "LANG=de", "SECRET=hunter2"];
  expect(environmentDrift("web", { wanted, image, seen: ["PATH=/bin", ...wanted] })).toBeUndefined();
  const seen = ["PATH=/bin", "A=2", "LANG=de", "ADDED=x=y"];
  expect(environmentDrift("web", { wanted, image, seen })).toBe(
    "web runs with another environment than planned: A, SECRET, ADDED",
  );
});

test("routes that were changed in their file are named by host and path", () => {
  const route = (host: string, more: Partial<StackRoute> = {}): StackRoute => ({
    ...{ host, path: "/", strip: false, service: "web", replicas: 1, ...more },
  });
  const planned = [route("a.example"), route("a.example", { path: "/api", service: "api" }), route("b.example")];
  expect(fileDifferences(planned, planned)).toEqual([]);
  const there = [
    route("a.example", { service: "old" }),
    route("a.example", { path: "/api", service: "api", strip: true }),
  ];
  expect(fileDifferences(planned, [...there, route("c.example")])).toEqual([
    "route of a.example was changed by hand (to old)",
    "route of a.example/api was changed by hand",
    "route of b.example is missing",
    "route of c.example is not in the plan",
  ]);
});

test("where requests are led otherwise is named; a container that is not there has no address to compare", () => {
  const wanted = [
    { container: "web-1", file: "/up/web", content: "10.0.0.2:80" },
    { container: "web-2", file: "/up/web.2", content: "10.0.0.3:80" },
    { container: "gone", file: "/up/gone", content: null },
  ];
  expect(upstreamDifferences(wanted, [{ file: "/up/web", content: "10.0.0.9:80\n" }])).toEqual([
    "requests for web-1 are led to 10.0.0.9:80",
    "the proxy's file that leads to web-2 is missing",
  ]);
});
