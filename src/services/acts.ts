import type { Berth } from "./berth.ts";
import type { Asker, CancelOutcome, Part, PartOutcome, StepPreview } from "./surface.ts";

/** What parts of a stored plan would do, seen by looking alone. Throws `no_such_plan`. */
export async function previewParts(
  _berth: Berth,
  _plan: string,
  _parts: readonly Part[],
  _signal: AbortSignal,
): Promise<StepPreview[]> {
  throw new Error("being written");
}

/** Starts parts of a stored plan under a grant, or answers the run that has them; asks where there is no grant. */
export async function startParts(
  _berth: Berth,
  _plan: string,
  _parts: readonly Part[],
  _asker: Asker,
  _signal: AbortSignal,
): Promise<PartOutcome> {
  throw new Error("being written");
}

/** Asks the worker of a run to stop, under a grant for exactly this. Throws `not_running`. */
export async function cancelRun(_berth: Berth, _run: string, _asker: Asker): Promise<CancelOutcome> {
  throw new Error("being written");
}
