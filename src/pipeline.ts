import type { StepCall } from "./run/step.ts";
import { buildCalls, buildSteps } from "./stages/build/index.ts";
import { deployCalls, deploySteps } from "./stages/deploy/index.ts";
import { commandSteps } from "./stages/operate/command.ts";
import { destroyCalls, destroySteps, type NamedVolume, recordCalls } from "./stages/operate/destroy/index.ts";
import type { Plan } from "./stages/plan/schema.ts";
import { provisionCalls, provisionSteps, releaseCalls } from "./stages/provision/index.ts";

/** The parts of a plan, in order: a grant covers all three, and each is spent once. No step needs another part's output. */
export const parts = ["provision", "build", "deploy"] as const;
export type Part = (typeof parts)[number];

/** Every kind of step that a run can name. */
export const steps = [...provisionSteps, ...buildSteps, ...deploySteps, ...destroySteps, ...commandSteps];

const callsOfPart: Record<Part, (plan: Plan) => StepCall[]> = {
  provision: provisionCalls,
  build: buildCalls,
  deploy: deployCalls,
};

/** What applying these parts of a plan does, in order. A pure function: the same plan gives the same lines. */
export const callsOf = (plan: Plan, wanted: readonly string[] = parts): StepCall[] =>
  parts.filter((part) => wanted.includes(part)).flatMap((part) => callsOfPart[part](plan));

/** Taking away what a plan has made, with these volumes; the record that it stands goes last. */
export const destructionOf = (plan: Plan, volumes: readonly NamedVolume[]): StepCall[] => [
  ...destroyCalls(plan, volumes),
  ...releaseCalls(plan),
  ...recordCalls(plan),
];
