import { describe, expect, test } from "vitest";
import { drainUnit, endsWithin, type Instance, metBy, type World } from "./instances.ts";
import { type Move, nextMove } from "./next-move.ts";
import { slotAt } from "./slots.ts";

const wanted = { spec: "new" };

const instance = (role: Instance["role"], port: number | null, changes: Partial<Instance> = {}): Instance => ({
  id: `${role}-${port}`,
  role,
  name: role,
  slot: port === null ? null : slotAt(port),
  running: true,
  spec: "new",
  listens: true,
  serves: role === "draining" ? "unknown" : "wanted",
  routes: [],
  lacks: [],
  created: `2026-01-01T00:00:${port}Z`,
  ...changes,
});

const world = (changes: Partial<World> = {}): World => ({
  current: instance("current", 8441),
  next: undefined,
  draining: [],
  units: [],
  steered: null,
  unsteerable: null,
  taken: [80, 443, 8441, 8451],
  ...changes,
});

const other = { serves: "other" } as const;
const old = { spec: "old" } as const;

/** What the server shows after a move. */
function after(before: World, move: Move): World {
  const { current, next, draining, taken } = before;
  switch (move.kind) {
    case "create": {
      const made = instance(move.role, move.slot.port, { running: false, listens: false, serves: "unknown" });
      return { ...before, [move.role]: made };
    }
    case "start":
    case "reload": {
      const up = { ...move.instance, running: true, listens: true, serves: "wanted" } as const;
      return { ...before, [up.role]: up, taken: [...taken, up.slot?.port ?? 0] };
    }
    case "steer":
      return { ...before, steered: move.to?.port ?? null };
    case "set-aside": {
      const aside = { ...move.instance, role: "draining", serves: "unknown" } as const;
      return { ...before, [move.instance.role]: undefined, draining: [...draining, aside] };
    }
    case "promote":
      return { ...before, next: undefined, current: { ...move.instance, role: "current" } };
    case "drain":
      return { ...before, units: [...before.units, drainUnit(move.instance, move.seconds)] };
    case "remove": {
      const gone = (one: Instance | undefined) => (one?.id === move.instance.id ? undefined : one);
      return { ...before, current: gone(current), next: gone(next), draining: draining.filter((one) => gone(one)) };
    }
  }
}

/** The kinds of all moves until nothing is to be done, and the world then. */
function settle(begin: World, want = wanted): { moves: string[]; end: World } {
  const moves: string[] = [];
  let now = begin;
  for (let move = nextMove(now, want); move; move = nextMove(now, want)) {
    moves.push(move.kind);
    // It may have been asked.
    if (move.kind === "remove" && now.taken.includes(443) && move.instance.serves !== "no-host")
      expect(move.instance.running).toBe(false);
    if (moves.length > 40) throw new Error(`it never ends: ${moves.join(" ")}`);
    now = after(now, move);
  }
  return { moves, end: now };
}

const handOver = ["create", "steer", "start", "steer", "set-aside", "promote", "drain"];

test("where all is as it shall be nothing is done", () => {
  expect(nextMove(world(), wanted)).toBeUndefined();
  // It ends by itself.
  const left = instance("draining", 8442, old);
  expect(nextMove(world({ draining: [left], units: [drainUnit(left, 60)], steered: 8441 }), wanted)).toBeUndefined();
});

test.each([
  ["another configuration", other],
  ["another image", old],
  ["one of an earlier version", { ...old, slot: null, serves: "other" as const }],
])("%s is taken up by a second instance, which then is the one", (_what, changes) => {
  const { moves, end } = settle(world({ current: instance("current", 8441, changes) }));
  // Nobody is steered to one without a slot.
  const first = (changes as Partial<Instance>).slot === null ? handOver.filter((_, n) => n !== 1) : handOver;
  expect(moves).toEqual(first);
  expect(end).toMatchObject({ current: { spec: "new", serves: "wanted", slot: { port: 8442 } }, steered: 8442 });
  expect(end.draining).toHaveLength(1);
});

test("the next one gets nothing before it has the certificates that the current one hands out", () => {
  const current = instance("current", 8441, other);
  const begun = { running: false, listens: false, serves: "unknown" } as const;
  const seen = world({ current, next: instance("next", 8442, begun) });
  expect(nextMove(seen, wanted)).toEqual({ kind: "steer", to: current.slot });
  const next = instance("next", 8442, { lacks: ["a.test"] });
  expect(nextMove({ ...seen, next, steered: 8441 }, wanted)).toMatchObject({ kind: "start", instance: next });
  expect(nextMove({ ...seen, next: { ...next, lacks: [] }, steered: 8441 }, wanted)).toMatchObject({
    kind: "steer",
    to: { port: 8442 },
  });
});

test("what does not come up leaves nothing steered", () => {
  const current = instance("current", 8441, other);
  const seen = world({ current, steered: 8441 });
  // As after its removal, and with the earlier configuration put back.
  expect(nextMove({ ...seen, current: instance("current", 8441) }, wanted)).toEqual({ kind: "steer", to: null });
});

test("new connections meet the one that they are steered to, whatever it is called by then", () => {
  const [current, next] = [instance("current", 8441), instance("next", 8442)];
  expect(metBy(world({ current, next }))).toBe(current);
  expect(metBy(world({ current, next, steered: 8442 }))).toBe(next);
  expect(metBy(world({ current: undefined, next, steered: 8442 }))).toBe(next);
});

test("one that shall not stay is replaced by its like", () => {
  const { moves, end } = settle(world(), { ...wanted, notThis: "current-8441" } as typeof wanted);
  expect(moves).toEqual(handOver);
  expect(end.current?.id).not.toBe("current-8441");
});

test("where there is no host nobody can be lost: no second instance", () => {
  const lonely = { serves: "no-host" } as const;
  expect(settle(world({ current: instance("current", 8441, lonely) })).moves).toEqual(["reload"]);
  const { moves, end } = settle(world({ current: instance("current", 8441, { ...lonely, ...old }), taken: [80, 443] }));
  expect(moves).toEqual(["remove", "create", "start"]);
  expect(end).toMatchObject({ current: { slot: { port: 8441 } }, steered: null });
});

test("none, or one that was stopped, is started", () => {
  const stopped = { running: false, listens: false, serves: "unknown" } as const;
  expect(settle(world({ current: undefined, taken: [] })).moves).toEqual(["create", "start"]);
  expect(settle(world({ current: instance("current", 8441, stopped) })).moves).toEqual(["start"]);
  expect(settle(world({ current: instance("current", 8441, { ...stopped, ...old }), taken: [] })).moves).toEqual([
    "remove",
    "create",
    "start",
  ]);
});

describe("a firewall that is not ours", () => {
  const unsteerable = "ufw";
  test("keeps one proxy at a time for a configuration, since two would answer differently", () => {
    expect(settle(world({ unsteerable, current: instance("current", 8441, other) })).moves).toEqual(["reload"]);
  });
  test("lets an image be replaced without steering, and the one before ends soon", () => {
    const { moves, end } = settle(world({ unsteerable, current: instance("current", 8441, old) }));
    expect(moves).toEqual(["create", "start", "set-aside", "promote", "drain"]);
    expect(end.steered).toBeNull();
    const left = instance("draining", 8442);
    expect(nextMove(world({ unsteerable, draining: [left] }), wanted)).toMatchObject({ kind: "drain", seconds: 10 });
  });
  test("ends a steering that was there before it", () => {
    expect(nextMove(world({ unsteerable, steered: 8441 }), wanted)).toEqual({ kind: "steer", to: null });
  });
});

test("WebSockets outlast a change of routes for a day, an update for a minute, one that cannot be told for seconds", () => {
  const seconds = (left: Instance) => nextMove(world({ draining: [left], steered: 8441 }), wanted);
  expect(seconds(instance("draining", 8442))).toMatchObject({ kind: "drain", seconds: 86_400 });
  expect(seconds(instance("draining", 8442, old))).toMatchObject({ kind: "drain", seconds: 60 });
  expect(seconds(instance("draining", null, old))).toMatchObject({ kind: "drain", seconds: 10 });
});

test("an update ends within a minute what was kept for a day, and one that is ending already is left to it", () => {
  const left = instance("draining", 8442, old);
  const kept = (seconds: number, changes = {}) =>
    nextMove(world({ draining: [{ ...left, ...changes }], units: [drainUnit(left, seconds)], steered: 8441 }), wanted);
  expect(kept(86_400)).toMatchObject({ kind: "drain", seconds: 60 });
  expect(kept(60)).toBeUndefined();
  expect(kept(10)).toBeUndefined();
  expect(kept(86_400, { running: false })).toBeUndefined();
  expect(kept(86_400, { spec: "new" })).toBeUndefined();
});

test("when every slot is used, the instance that drains longest ends now; ports of others are left alone", () => {
  const left = [8444, 8443, 8442, 8445, 8446, 8447, 8448].map((port) => instance("draining", port));
  const full = {
    current: instance("current", 8441, other),
    draining: left,
    units: left.map((one) => drainUnit(one, 86_400)),
    steered: 8441,
  };
  expect(nextMove(world(full), wanted)).toMatchObject({ kind: "remove", instance: { id: "draining-8442" } });
  const busy = world({ current: instance("current", 8441, other), taken: [8442, 8453] });
  expect(nextMove(busy, wanted)).toMatchObject({ kind: "create", slot: { port: 8444 } });
});

// Each move and each begin of one leaves a world; and what may have happened to it before somebody looks again.
const begins: Record<string, World> = {
  "another configuration": world({ current: instance("current", 8441, other) }),
  "another image": world({ current: instance("current", 8441, old) }),
  "an earlier version": world({ current: instance("current", null, { ...old, ...other }) }),
  unsteered: world({ unsteerable: "ufw", current: instance("current", 8441, old) }),
};

const restarted = (one: Instance | undefined): Instance | undefined =>
  one && { ...one, running: true, listens: true, serves: one.spec === "new" ? "wanted" : one.serves };

const accidents: Record<string, (seen: World) => World> = {
  nothing: (seen) => seen,
  // What was made to drain was told not to start again; the rest reads the new file.
  "a reboot": (seen) => ({
    ...seen,
    current: restarted(seen.current),
    next: restarted(seen.next),
    draining: seen.draining.map((one) =>
      endsWithin(one, seen.units) === undefined ? one : { ...one, running: false },
    ),
    units: [],
    steered: null,
  }),
  "the next one gone": (seen) => ({ ...seen, next: undefined }),
  "the next one dead": (seen) => ({
    ...seen,
    next: seen.next && { ...seen.next, running: false, listens: false, serves: "unknown" },
  }),
  "the current one gone": (seen) => ({ ...seen, current: undefined }),
  "another configuration wanted": (seen) => ({
    ...seen,
    next: seen.next && { ...seen.next, serves: "other" },
    current: seen.current && { ...seen.current, serves: "other" },
  }),
  "the unit gone": (seen) => ({ ...seen, units: [] }),
  "a firewall of somebody else's": (seen) => ({ ...seen, unsteerable: "ufw" }),
};

describe.each(Object.entries(begins))("a crash in the hand-over from %s", (_from, begin) => {
  test.each(Object.entries(accidents))(
    "followed by %s ends in one proxy that serves what is wanted",
    (_what, accident) => {
      for (let [seen, moves] = [begin, 0]; ; moves++) {
        expect(moves).toBeLessThan(20);
        const { end } = settle(accident(seen));
        expect(end.next).toBeUndefined();
        expect(end.current).toMatchObject({ spec: "new", serves: "wanted", running: true, listens: true });
        expect(end.draining.every((one) => one.running && endsWithin(one, end.units) !== undefined)).toBe(true);
        // Whoever drains gets nothing new.
        if (end.unsteerable === null && end.draining.length > 0) expect(end.steered).toBe(end.current?.slot?.port);
        const move = nextMove(seen, wanted);
        if (!move) break;
        seen = after(seen, move);
      }
    },
  );
});
