import { expect, test } from "vitest";
import { drawnAgain, groupNames, groupsOf, migration, type Stages } from "./soak/faults/points.ts";

const timed = (...steps: string[]) => steps.map((step, index) => ({ step, ms: 1000 * (index + 1) }));
const toServe = ["build.guestbook", "transfer.guestbook", migration, "stack/start/guestbook", "stack/switch"];
const stages: Stages = {
  provision: timed("engine", "packages", "updates", "firewall", "ssh", "proxy").map(({ step, ms }) => ({
    step: `server/${step}`,
    ms,
  })),
  deploy: timed(...toServe, "stack/record"),
  release: timed(...toServe, "stack/retire", "stack/record"),
};
const pointsOf = (seed: number, count: number) => groupsOf(seed, count, stages).flatMap(({ points }) => points);

test("a seed gives the same points again, and the fewer are the first of the more", () => {
  expect(groupsOf(7, 20, stages)).toEqual(groupsOf(7, 20, stages));
  const first = pointsOf(7, 20).filter(({ n }) => n <= 6);
  expect(pointsOf(7, 6)).toEqual(first);
  expect(pointsOf(8, 20)).not.toEqual(pointsOf(7, 20));
});

test("of twenty, six lie in provision, ten after it and four in a second release; everybody is killed", () => {
  for (const seed of [1, 2, 3]) {
    const groups = groupsOf(seed, 20, stages);
    expect(groups.map(({ name, points }) => [name, points.length])).toEqual([
      ["1.1 provision", 6],
      ["1.2 deploy", 5],
      ["1.3 deploy", 5],
      ["1.4 release", 4],
    ]);
    const points = groups.flatMap((group) => group.points);
    expect(points.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(points.filter(({ inMigration }) => inMigration)).toMatchObject([{ n: 2, step: migration }]);
    expect(new Set(points.map(({ victim }) => victim)).size).toBe(4);
    expect(new Set(points.map(({ next }) => next)).size).toBe(2);
  }
});

test("the points of one up lie in the order of its steps, each in another where there is one", () => {
  for (const { part, points } of groupsOf(5, 200, stages)) {
    const steps = stages[part].map(({ step }) => step);
    const ranks = points.map(({ step }) => steps.indexOf(step));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    const free = points.filter(({ victim }) => victim !== "engine").map(({ step }) => step);
    expect(free).toEqual([...new Set(free)]);
  }
  expect(groupNames(200)).toHaveLength(40);
});

test("a point lies within its step, and the Engine that builds is killed while it is needed", () => {
  for (const { part, points } of groupsOf(5, 200, stages))
    for (const { step, ms, victim, inMigration } of points) {
      const whole = stages[part].find((stage) => stage.step === step)?.ms ?? 0;
      expect(ms).toBeLessThanOrEqual(inMigration ? 2500 : whole);
      if (victim === "engine") expect(["build.guestbook", "transfer.guestbook"]).toContain(step);
    }
});

test("a point that never came is drawn again, the same way each time: the same victim at another moment", () => {
  for (const group of groupsOf(3, 20, stages)) {
    const again = drawnAgain(3, group, group.points.slice(0, 2), stages);
    expect(again).toEqual(drawnAgain(3, group, group.points.slice(0, 2), stages));
    expect(again.draw).toBe(2);
    const victims = (points: typeof group.points) =>
      points.filter((p) => !p.inMigration).map((p) => `${p.n} ${p.victim}`);
    expect(victims(again.points).sort()).toEqual(victims(group.points.slice(0, 2)).sort());
    expect(again.points.map(({ ms }) => ms)).not.toEqual(group.points.slice(0, 2).map(({ ms }) => ms));
  }
});
