import { z } from "zod";
import { findGrant, useOnce } from "../approval/grant.ts";
import type { Operation } from "../approval/operation.ts";
import { visible } from "../kit/text.ts";
import { eventsIn } from "../run/journal.ts";
import { requestCancel, runOf, takingToCancel } from "../run/runs.ts";
import { spendingsOf } from "../store/grants.ts";
import { runStore } from "../store/runs.ts";
import { hear } from "./asking.ts";
import type { Berth } from "./berth.ts";
import { planOfRun } from "./run-facts.ts";
import type { Asker, CancelOutcome } from "./surface.ts";

const act = "cancel_run";
const Arguments = z.object({ run: z.string() });

const cancelOf = (run: string): Operation => ({ kind: "act", act, arguments: { run } });

/** The run whose cancel an operation is; undefined where it is something else. */
export const cancelled = (operation: Operation): string | undefined =>
  operation.kind === "act" && operation.act === act ? Arguments.parse(operation.arguments).run : undefined;

/**
 * Asks the worker of a run to stop, under a grant for exactly this, which is used up by it. Asks where there is none.
 * Throws `not_running` before anybody is asked.
 */
export async function cancelRun(berth: Berth, run: string, asker: Asker): Promise<CancelOutcome> {
  const { store, machine, grantKey } = berth;
  const runs = runStore(store);
  takingToCancel(runs, run, machine);
  const operation = cancelOf(run);
  const claim = { operation, base: {}, now: Date.now() };
  const unused = findGrant(store, grantKey.publicKey, claim, ({ id }) => spendingsOf(store, id).length === 0);
  const matter = {
    operation,
    base: {},
    baseNow: () => ({}),
    message: (request: string) =>
      `${describeRun(berth, run).join("\n")}\nStop it after what it is doing? Going on later takes a new approval.\nIn a terminal: berth approve ${request}`,
    word: runOf(runs, run).stack ?? run,
    grave: false,
  };
  const heard = unused ? { status: "granted" as const, grant: unused } : await hear(berth, matter, asker);
  if (heard.status !== "granted") return heard;
  store.write(() => {
    requestCancel(runs, run, machine, () => new Date());
    useOnce(store, heard.grant.id, act, run);
  });
  return { status: "asked" };
}

/** What a run is and what it is doing, a line each, for the person who decides about it. */
export function describeRun(berth: Berth, id: string): string[] {
  const runs = runStore(berth.store);
  const run = runOf(runs, id);
  const { stack, server } = planOfRun(berth, id);
  const begun = eventsIn(runs.events(id, 0)).findLast(
    (event) => event.event === "started" || event.event === "observed",
  );
  return [
    `Run ${id} of ${stack} on ${server.name}: ${run.parts.join(", ")}`,
    ...(begun ? [`Its last step: ${begun.title}`] : []),
  ].map((line) => short(visible(line)));
}

/** A title may hold a command of the repository's, which is not to push the question out of sight. */
const short = (line: string) => (line.length <= 300 ? line : `${line.slice(0, 290).toWellFormed()} … (cut)`);
