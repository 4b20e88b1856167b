import { expect, test } from "vitest";
import { labels } from "../../kit/layout.ts";
import type { Seen } from "./containers.ts";
import { type Placed, served, wayBack } from "./serving.ts";

const seen = (
  name: string,
  more: { at?: string; release?: string; restart?: string; status?: string; spec?: string } = {},
) =>
  ({
    name,
    address: more.at ?? null,
    restart: more.restart ?? "unless-stopped",
    status: more.status ?? "running",
    labels: { [labels.release]: more.release ?? "old", [labels.spec]: more.spec ?? name.split("-")[0] },
  }) as unknown as Seen;
const placed = (containers: string[], upstreamFile: string | null = "/up/web"): Placed => ({
  ...{ stack: "shop", service: "web", release: "new", containers, upstreamFile },
});
const names = (containers: readonly Seen[]) => containers.map(({ name }) => name);
const way = (...given: Parameters<typeof wayBack>) => {
  const { aside, back } = wayBack(...given);
  return { aside: names(aside), back: names(back) };
};

test("what the proxy is pointed at serves; without a route, what was well first, with all of its make", () => {
  const [a, a2, b] = [seen("a", { at: "10.0.0.1" }), seen("a-2", { at: "10.0.0.2" }), seen("b", { at: "10.0.0.3" })];
  expect(names(served([a, a2, b], ["10.0.0.3"]))).toEqual(["b"]);
  expect(names(served([a, a2, b], []))).toEqual(["a", "a-2"]);
  // Begun by a run that was cut off, and never well.
  expect(names(served([seen("c", { restart: "no" }), a, b], []))).toEqual(["a"]);
  // Stopped to make room, it is what there is to go back to.
  expect(names(served([seen("a", { status: "exited" }), seen("b", { restart: "no" })], []))).toEqual(["a"]);
});

test("all replicas of the old version come back, those of the new go; a log of what ended is kept", () => {
  const own = [
    ...[seen("a", { at: "10.0.0.1", status: "exited" }), seen("a-2", { at: "10.0.0.2", status: "exited" })],
    ...[
      seen("b", { at: "10.0.0.3" }),
      seen("b-2", { at: "10.0.0.4", status: "exited" }),
      seen("b-3", { at: "10.0.0.5" }),
    ],
  ];
  const addresses = ["10.0.0.1", "10.0.0.2"];
  expect(way(own, placed(["b", "b-2", "b-3"]), addresses)).toEqual({ aside: ["b-3", "b", "b-2"], back: ["a", "a-2"] });
});

test("of a service that is only scaled, what was there stays and what was added goes", () => {
  const own = [seen("a", { at: "10.0.0.1" }), seen("a-2", { at: "10.0.0.2", restart: "no" })];
  expect(way(own, placed(["a", "a-2"]), ["10.0.0.1"])).toEqual({ aside: ["a-2"], back: ["a"] });
});

test("a worker has no address: its release says what was begun", () => {
  const scaled = [seen("a"), seen("a-2", { release: "new" })];
  expect(way(scaled, placed(["a", "a-2"], null), [])).toEqual({ aside: ["a-2"], back: ["a"] });
  const replaced = [seen("a"), seen("b", { release: "new" })];
  expect(way(replaced, placed(["b"], null), [])).toEqual({ aside: ["b"], back: ["a"] });
  const unchanged = [seen("a")];
  expect(way(unchanged, placed(["a"], null), [])).toEqual({ aside: [], back: ["a"] });
});

test("where nothing served before, what was begun stays as it is", () => {
  expect(way([seen("a", { release: "new", restart: "no" })], placed(["a"]), [])).toEqual({ aside: [], back: [] });
  expect(way([seen("a", { release: "new" })], placed(["a"], null), [])).toEqual({ aside: [], back: [] });
});
