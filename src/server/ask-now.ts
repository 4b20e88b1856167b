import type { ServerContext } from "@modelcontextprotocol/server";
import type { Answer, Asker, Dialogs } from "../services/surface.ts";
import type { Client } from "./client.ts";
import { answerOf, formOf, openedOf } from "./form.ts";

/** Less than this is no time to read what one approves. */
const leastMs = 1000;

/**
 * Asks while the call waits, as clients up to 2025-11-25 can. A dialog that nobody answers by `until` (of
 * `performance.now()`) is withdrawn, and what comes after that counts nothing.
 */
export function askNow(
  client: Client,
  { mcpReq }: ServerContext,
  { dialogs, until, ended }: { dialogs: Dialogs; until: number; ended: AbortSignal },
): Asker {
  return {
    client: client.name,
    ask: async (question) => {
      if (!client.form) return "unable";
      if (timeLeft() < leastMs) return "unanswered";
      const dialog = dialogs.open(question.request);
      const answer = await asked(formOf(question), (response) => answerOf(question, response));
      // Another call, of any client, may have asked the same meanwhile: then that dialog counts.
      return answer !== "unanswered" && dialogs.take(dialog, question.request) ? answer : "unanswered";
    },
    open: client.url
      ? ({ message, url, id }) => asked({ mode: "url", message, url, elicitationId: id }, openedOf)
      : undefined,
  };

  async function asked(
    params: ReturnType<typeof formOf> | { mode: "url"; message: string; url: string; elicitationId: string },
    read: (response: unknown) => Answer,
  ): Promise<Answer> {
    const timeout = timeLeft();
    if (timeout < leastMs) return "unanswered";
    try {
      // The timeout tells the client that its dialog is withdrawn.
      return read(await mcpReq.send({ method: "elicitation/create", params }, { timeout, signal: ended }));
    } catch {
      // Silence, a client that failed, one that went away: nobody said yes.
      return "unanswered";
    }
  }
  function timeLeft(): number {
    return ended.aborted ? 0 : Math.floor(until - performance.now());
  }
}
