import type { StepCall } from "./run/step.ts";
import { buildCalls, buildSteps } from "./stages/build/index.ts";
import { deployCalls, deploySteps } from "./stages/deploy/index.ts";
import type { Plan } from "./stages/plan/schema.ts";
import { provisionCalls, provisionSteps } from "./stages/provision/index.ts";

/** The parts of a plan: a grant covers all three, and each is spent when it is done. */
export const parts = ["provision", "build", "deploy"] as const;

/** Every kind of step that a plan can name. */
export const steps = [...provisionSteps, ...buildSteps, ...deploySteps];

/** What applying a plan does, in order. A pure function: the same plan gives the same lines. */
export const callsOf = (plan: Plan): StepCall[] => [...provisionCalls(plan), ...buildCalls(plan), ...deployCalls(plan)];
