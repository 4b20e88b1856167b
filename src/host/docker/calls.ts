import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import type { BerthError } from "../../kit/error.ts";
import { isCut } from "./answers.ts";

/**
 * Sees to it that each call of an Engine ends where its answer breaks off, with what `gone` says: docker-modem itself waits
 * for the rest of such an answer for good. What is read as a stream breaks off where it is read.
 */
export function endCutCalls({ modem }: Docker, gone: (error: unknown) => BerthError): void {
  const dial = modem.dial.bind(modem);
  const named = (error: unknown) => (isCut(error) ? gone(error) : (error as Error));
  modem.dial = (call, done) => {
    if (call.isStream || call.hijack || call.openStdin) {
      dial(call, (error, answer) => done?.(error && named(error), answer));
      return;
    }
    dial({ ...call, isStream: true }, (error, answer) => {
      if (error) done?.(named(error), null);
      else
        whole(answer as IncomingMessage).then(
          (all) => done?.(null, all),
          (cut: unknown) => done?.(named(cut), null),
        );
    });
  };
}

/** As docker-modem gives it: JSON, and bytes where it is none. */
async function whole(answer: IncomingMessage): Promise<object> {
  const bytes = await buffer(answer);
  try {
    return (JSON.parse(bytes.toString()) as object | null) || bytes;
  } catch {
    return bytes;
  }
}
