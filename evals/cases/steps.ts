import type { Place } from "../eval.ts";
import { call, get, type Part, type Result } from "../script.ts";

// What a sound model does on Berth's way, for the scripts of the evals.

export const target = ({ server }: Place) => `ssh://${server.user}@${server.address}`;

/** Reads the source and plans it for the server: the plan's hash. */
export function* planned(place: Place, wishes: Record<string, unknown>): Part<string> {
  const { analysis } = yield* get("analyze_repo", { source: place.source });
  const plan = yield* settled("propose_plan", { analysis, server: target(place), wishes });
  return String(plan["hash"]);
}

/** As `get`, for what answers `working` until it is done. */
export function* settled(name: string, input: Record<string, unknown>): Part<Record<string, unknown>> {
  for (;;) {
    const value = yield* get(name, input);
    if (value["status"] !== "working") return value;
  }
}

export type PartTool = "provision_server" | "build_images" | "deploy_stack";
const partTools: readonly PartTool[] = ["provision_server", "build_images", "deploy_stack"];

/** Starts these parts in order, each followed to its end; answers the last of which nothing more comes. */
export function* applied(plan: string, tools: readonly PartTool[] = partTools): Part<Record<string, unknown>> {
  let last: Record<string, unknown> = {};
  for (const tool of tools) {
    last = yield* get(tool, { plan });
    if (last["status"] === "nothing_to_do") continue;
    if (typeof last["run"] !== "string") return last;
    last = yield* followed(last["run"]);
    if (last["state"] !== "done") return last;
  }
  return last;
}

/** Reads a run until nobody works on it any more. */
export function* followed(run: string): Part<Record<string, unknown>> {
  for (;;) {
    const reading = yield* get("get_run", { run, wait_seconds: 20 });
    if (!["pending", "running"].includes(String(reading["state"]))) return reading;
  }
}

/** Pages back in a run's log until a text stands there. */
export function* searchedBack(run: string, what: RegExp): Part<Result | undefined> {
  let reading = yield* call("get_run", { run, wait_seconds: 0 });
  for (;;) {
    if (what.test(reading.text)) return reading;
    const { older } = (reading.value["log"] ?? {}) as { older?: string | null };
    if (typeof older !== "string") return undefined;
    reading = yield* call("get_run", { run, cursor: older, wait_seconds: 0 });
  }
}
