import { costOf, modelOf, pricesAsOf } from "./models.ts";
import type { Reply } from "./reply.ts";
import type { AgentOptions } from "./types.ts";

/** Counts what a conversation takes, and says when it may take no more. */
export function accountOf({ model, limits }: Pick<AgentOptions, "model" | "limits">) {
  const facts = modelOf(model);
  let turns = 0;
  let usd = 0;
  let answer = "";

  /** Why no request may be made any more; undefined while one may. */
  function reached(): { reason: "turns" | "cost"; words: string } | undefined {
    const more = "To go on, say so again with a higher limit (--max-turns, --max-cost): plans and runs are kept.";
    if (turns >= limits.turns)
      return { reason: "turns", words: `The limit of ${limits.turns} requests to the model is reached. ${more}` };
    if (usd >= limits.usd)
      return {
        reason: "cost",
        words: `The limit of $${limits.usd} is reached: $${usd.toFixed(2)} by the prices of ${pricesAsOf}. ${more}`,
      };
    return undefined;
  }

  function count({ usage, content }: Reply): { turns: number; usd: number } {
    turns++;
    usd += costOf(usage, facts);
    answer = content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n") || answer;
    return { turns, usd };
  }

  const unknown = facts.known
    ? undefined
    : `The price of ${model} is not known here; the limit counts it as the dearest that is.`;

  return { facts, unknown, reached, count, state: () => ({ turns, usd, answer }) };
}

export type Account = ReturnType<typeof accountOf>;
