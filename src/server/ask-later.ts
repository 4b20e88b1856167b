import { type InputRequests, inputRequired, inputResponse, type ServerContext } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Answer, Asker, Dialogs } from "../services/surface.ts";
import type { Client } from "./client.ts";
import { answerOf, formOf, openedOf } from "./form.ts";

/** Name of our one question in what a client is asked for, and of the answer in what it sends back. */
const key = "answer";

/** What a client keeps for us between two calls, signed. `about` is the approval request, or the page's id. */
const KeptState = z.strictObject({
  dialog: z.string(),
  about: z.string(),
  tool: z.string(),
  arguments: z.string(),
});
export type Kept = z.infer<typeof KeptState>;

/** Ends a call whose answer comes with the next one. */
export class AskedLater extends Error {
  readonly requests: InputRequests;
  readonly kept: Kept;

  constructor(requests: InputRequests, kept: Kept) {
    super("The person is asked; the client calls again with the answer.");
    this.name = "AskedLater";
    this.requests = requests;
    this.kept = kept;
  }
}

/**
 * Asks in the way of 2026-07-28: the call ends by throwing `AskedLater`, the client shows the dialog and calls again with
 * the answer and with what it kept. An answer counts for the same question of the same call, once.
 */
export function askLater(
  client: Client,
  { mcpReq }: ServerContext,
  { dialogs, call }: { dialogs: Dialogs; call: { tool: string; arguments: string } },
): Asker {
  // The signature was verified before the call began; an answer without it counts nothing.
  const kept = KeptState.safeParse(mcpReq.requestState()).data;
  const belongs = kept?.tool === call.tool && kept.arguments === call.arguments;

  return {
    client: client.name,
    ask: async (question) => {
      if (!client.form) return "unable";
      const answer = answered(question.request, (response) => answerOf(question, response));
      if (kept && answer && dialogs.take(kept.dialog, question.request)) return answer;
      const dialog = dialogs.open(question.request);
      throw later(inputRequired.elicit(formOf(question)), { dialog, about: question.request });
    },
    open: client.url
      ? async ({ message, url, id }) => {
          const answer = answered(id, openedOf);
          if (answer) return answer;
          // No dialog of ours: whoever sends this answer twice opens a page twice, and no more.
          throw later(inputRequired.elicitUrl({ message, url }), { dialog: "", about: id });
        }
      : undefined,
  };

  function answered(about: string, read: (response: unknown) => Answer): Answer | undefined {
    if (!belongs || kept?.about !== about) return undefined;
    const response = inputResponse(mcpReq.inputResponses, key);
    return response.kind === "elicit" ? read(response) : undefined;
  }

  function later(request: InputRequests[string], about: Pick<Kept, "dialog" | "about">): AskedLater {
    return new AskedLater({ [key]: request }, { ...about, ...call });
  }
}
