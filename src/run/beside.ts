import { failureOf } from "../kit/error.ts";
import { maskData } from "./mask.ts";
import type { Beside, RunContext } from "./step.ts";
import type { Work } from "./work.ts";

/** What goes on beside the steps of one taking of a run. */
export interface AllBeside {
  beside: RunContext["beside"];
  /** Ends all of it and journals what it answers. Throws `lease_lost`. */
  end(): Promise<void>;
}

export function openBeside({ journal, scrub }: Pick<Work, "journal" | "scrub">): AllBeside {
  const going = new Map<string, Promise<Beside | undefined>>();
  return {
    beside: <T extends Beside>(what: string, begin: () => Promise<T | undefined>) => {
      const begun = going.get(what) ?? begin();
      going.set(what, begun);
      // A name has one kind of measurement.
      return begun as Promise<T | undefined>;
    },
    end: async () => {
      // Whoever asked for it has heard why it could not begin.
      const endOf = async (begun: Promise<Beside | undefined>) => (await begun.catch(() => undefined))?.end();
      const failed = (error: unknown) => ({ failure: failureOf(error) });
      // How the steps ended does not change by what is measured: that it failed is what it answers then.
      const ended = await Promise.all(
        [...going].map(async ([what, begun]) => ({ what, figures: await endOf(begun).catch(failed) })),
      );
      for (const { what, figures } of ended) {
        if (figures === undefined) continue;
        const { data, ...masked } = maskData(scrub, figures);
        journal.append({ event: "measured", what, figures: data, ...masked });
      }
    },
  };
}

/** Where the steps only look, or take back: nothing is measured. */
export const nothingBeside: RunContext["beside"] = async () => undefined;
