import type Docker from "dockerode";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import type { StageContext } from "../context.ts";
import { containersOf, type Seen } from "../deploy/containers.ts";
import { engineIfAny } from "../deploy/engine.ts";
import { deployCalls } from "../deploy/index.ts";
import { failedContainer } from "../deploy/names.ts";
import type { Plan } from "../plan/schema.ts";
import { containerDrift, type Expected, expectedIn } from "./drift-container.ts";
import { fileDrift } from "./drift-environment.ts";
import { routeDrift } from "./drift-routes.ts";

/**
 * What somebody or something has changed of an applied plan, each thing by its name: beside the steps that do not hold any
 * more it says what of them does not. Changes nothing. Values are never named.
 */
export async function driftOf(plan: Plan, ctx: StageContext): Promise<string[]> {
  const calls = deployCalls(plan);
  const expected = expectedIn(calls);
  const engine = await engineIfAny(ctx);
  const parts = [
    engine ? ofContainers(engine, plan, expected, ctx) : Promise.resolve(["the Docker Engine does not answer"]),
    ...expected.map(({ environment }) => said(fileDrift(environment, ctx))),
    ...(engine && plan.routes.length > 0 ? [said(routeDrift(plan, calls, ctx))] : []),
  ];
  return (await Promise.all(parts)).flat();
}

async function ofContainers(engine: Docker, plan: Plan, expected: readonly Expected[], ctx: StageContext) {
  const own = await Promise.all(
    expected.flatMap((part) => part.containers.map((name) => said(containerDrift(engine, name, part, ctx)))),
  );
  const planned = [
    ...expected.flatMap(({ containers }) => containers),
    ...plan.services.map(({ name }) => failedContainer(plan.stack, name)),
  ];
  const there = await containersOf(engine, plan.stack, ["service", "backing"]);
  return [...own.flat(), ...surplus(there, planned)];
}

const surplus = (there: readonly Seen[], planned: readonly string[]): string[] =>
  there
    .filter(({ name }) => !planned.includes(name))
    .map(({ name, status }) => `container ${cleanLine(name, 100)} (${cleanLine(status, 20)}) is not in the plan`);

/** A look that fails for a reason that a reader can mend is a difference by itself, and keeps no other from being seen. */
async function said(look: Promise<string[]>): Promise<string[]> {
  try {
    return await look;
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === "connection_lost") throw error;
    return [cleanLine(`${error.object}: ${error.message} ${error.cause}`, 400)];
  }
}
