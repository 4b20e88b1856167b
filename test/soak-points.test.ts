import { expect, test } from "vitest";
import { migration, pointsOf } from "./soak/faults/points.ts";

const stages = [
  "server/packages",
  "server/ssh",
  "build.guestbook",
  "transfer.guestbook",
  migration,
  "stack/record",
].map((step, index) => ({ step, ms: 1000 * (index + 1) }));

test("a seed gives the same points again, and the fewer are the first of the more", () => {
  expect(pointsOf(7, 20, stages)).toEqual(pointsOf(7, 20, stages));
  expect(pointsOf(7, 6, stages)).toEqual(pointsOf(7, 20, stages).slice(0, 6));
  expect(pointsOf(8, 20, stages)).not.toEqual(pointsOf(7, 20, stages));
});

test("of twenty, six lie in provision, one within the migration, and everybody is killed", () => {
  for (const seed of [1, 2, 3]) {
    const points = pointsOf(seed, 20, stages);
    const inProvision = points.filter(({ step }) => step.startsWith("server/"));
    expect(inProvision).toHaveLength(6);
    expect(inProvision.every(({ from }) => from === "fresh")).toBe(true);
    expect(points.filter(({ inMigration }) => inMigration)).toMatchObject([{ step: migration, from: "provisioned" }]);
    expect(new Set(points.map(({ victim }) => victim)).size).toBe(4);
    expect(new Set(points.map(({ next }) => next)).size).toBe(2);
  }
});

test("a point lies within its step, and the Engine that builds is killed while it is needed", () => {
  const points = pointsOf(5, 200, stages);
  for (const { step, ms } of points.filter(({ inMigration }) => !inMigration))
    expect(ms).toBeLessThanOrEqual(stages.find((stage) => stage.step === step)?.ms ?? 0);
  const engine = points.filter(({ victim }) => victim === "engine");
  expect(new Set(engine.map(({ step }) => step))).toEqual(new Set(["build.guestbook", "transfer.guestbook"]));
});
