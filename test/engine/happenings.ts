import fc from "fast-check";
import type { StepCall } from "../../src/run/step.ts";
import { type Fault, type Kind, linesFor } from "./world.ts";

/** What can happen while a run is worked on. `who` counts through the processes that live at that moment. */
export type Happening =
  | { what: "start"; action: "apply" | "rollback" }
  | { what: "moves"; who: number; count: number }
  | { what: "die"; who: number }
  | { what: "die at a write"; who: number; writes: number; side: "before" | "after" }
  | { what: "freeze" | "thaw" | "terminate" | "tick"; who: number }
  | { what: "pass" | "full disk"; seconds: number }
  | { what: "others"; step: number; leave: "nothing" | "what is planned" | "something else" }
  | { what: "fault"; fault: Fault }
  | { what: "disk"; full: boolean }
  | { what: "cancel" | "reboot" | "supersede" };

const is = <T extends string>(...what: T[]) => fc.constantFrom(...what);
const who = fc.nat(3);
const seconds = fc.constantFrom(1, 6, 14, 16, 40);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ what: is("moves"), who, count: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 14,
    arbitrary: fc.record({ what: is("start"), action: is("apply", "apply", "apply", "rollback") }),
  },
  { weight: 5, arbitrary: fc.record({ what: is("die"), who }) },
  {
    weight: 5,
    arbitrary: fc.record({ what: is("die at a write"), who, writes: fc.nat(3), side: is("before", "after") }),
  },
  { weight: 6, arbitrary: fc.record({ what: is("freeze"), who }) },
  { weight: 6, arbitrary: fc.record({ what: is("thaw", "thaw", "tick", "terminate"), who }) },
  { weight: 10, arbitrary: fc.record({ what: is("pass"), seconds }) },
  { weight: 4, arbitrary: fc.record({ what: is("full disk"), seconds }) },
  {
    weight: 9,
    arbitrary: fc.record({
      what: is("others"),
      step: fc.nat(9),
      leave: is("nothing", "nothing", "what is planned", "something else"),
    }),
  },
  { weight: 7, arbitrary: fc.record({ what: is("fault"), fault: is<Fault>("blind", "refuse", "late", "lie") }) },
  { weight: 4, arbitrary: fc.record({ what: is("disk"), full: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ what: is("cancel", "cancel", "cancel", "cancel", "reboot", "reboot", "supersede") }),
  },
);

/** Up to 30 in any order, the first of which starts a worker. */
export const happenings: fc.Arbitrary<Happening[]> = fc
  .array(happening, { maxLength: 30, size: "max" })
  .map((more) => [{ what: "start", action: "apply" }, ...more]);

const line = fc.record({
  kind: is<Kind>("make", "burn", "burn-once", "measure", "migration"),
  /** Stands on the thing before it. */
  stands: fc.boolean(),
  halves: fc.boolean(),
  heeds: fc.boolean(),
  givesBack: fc.boolean(),
});

/** A plan of up to five things. */
export const plans: fc.Arbitrary<StepCall[]> = fc.array(line, { minLength: 1, maxLength: 5 }).map((lines) => {
  let below: { step: string; key: string } | null = null;
  return lines.flatMap(({ kind, stands, ...ways }, index) => {
    const key = `t${index}`;
    const after = stands ? below : null;
    below = { step: key, key };
    return linesFor(kind, { key, value: "new", after, ...ways });
  });
});

/** What stood in the world before: the things of the plan, as planned or not, and one that is no business of the plan's. */
export const worlds: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom("t0", "t1", "t2", "t3", "t4", "alien"),
  fc.constantFrom("old", "new", "created"),
  { noNullPrototype: true },
);
