import type { ServerContext } from "@modelcontextprotocol/server";
import { cleanLine } from "../kit/text.ts";
import { type Scrub, safeText } from "../tools/seal.ts";
import type { Call } from "../tools/tool.ts";

/** How small a step is that says only that something goes on; what is counted comes in whole numbers. */
const little = 0.001;

/** Tells a client that gave a token what is being done, in numbers that only grow, until the call has ended. */
export function progressOf(
  { mcpReq }: ServerContext,
  { scrub, ended }: { scrub: Scrub; ended: AbortSignal },
): Call["progress"] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let last = 0;
  return (message, done, total) => {
    if (ended.aborted) return;
    last = Math.max(done ?? 0, last + little);
    const params = {
      progressToken,
      progress: last,
      message: cleanLine(safeText(message, 500, scrub), 200),
      ...(total !== undefined && { total: Math.max(total, last) }),
    };
    // A client that is gone needs no progress.
    mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}
