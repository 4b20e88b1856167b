import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  type ProtocolEra,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { hashOf } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { failureResult, type Result, resultOf } from "../tools/result.ts";
import type { Tool } from "../tools/tool.ts";
import { AskedLater, askLater } from "./ask-later.ts";
import { askNow } from "./ask-now.ts";
import { clientOf } from "./client.ts";
import { wrongArguments } from "./input.ts";
import type { Keeper } from "./keeper.ts";
import { progressOf } from "./progress.ts";
import type { Serving } from "./serving.ts";

/** Where a call comes from. */
export interface Around {
  server: Server;
  era: ProtocolEra;
  keeper: Keeper;
}

/** One call of a tool, from what the client sent to what it gets: a result, a failure, or a question to its person. */
export async function callTool(
  serving: Serving,
  { server, era, keeper }: Around,
  tool: Tool,
  given: Record<string, unknown>,
  ctx: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  const { surface, limits, log } = serving;
  const started = performance.now();
  const over = new AbortController();
  const scrub = (text: string) => surface.scrub(text);
  try {
    const input = tool.input.safeParse(given);
    if (!input.success) throw wrongArguments(tool, given, input.error);
    const client = clientOf(server, era, ctx);
    const { dialogs } = surface;
    const asker =
      era === "modern"
        ? askLater(client, ctx, { dialogs, call: { tool: tool.name, arguments: hashOf(given) } })
        : askNow(client, ctx, { dialogs, until: started + limits.dialog, ended: over.signal });
    const progress = progressOf(ctx, { scrub, ended: over.signal });
    const work = (async () => tool.run(input.data, { surface, asker, signal: ctx.mcpReq.signal, progress }))();
    const data = await within(limits.call, work, tool.name, ctx.mcpReq.signal);
    return sent(resultOf(tool, data, surface.scrubber()));
  } catch (error) {
    if (error instanceof AskedLater)
      return inputRequired({ inputRequests: error.requests, requestState: await keeper.mint(error.kept) });
    if (!(error instanceof BerthError) && !ctx.mcpReq.signal.aborted)
      log.error({ tool: tool.name, stack: scrub(String((error as Error)?.stack ?? error)) }, "a call failed");
    return sent(failureResult(error, scrub));
  } finally {
    over.abort();
    log.info({ tool: tool.name, ms: Math.round(performance.now() - started) }, "call");
  }
}

/** What work gives in time. Work that takes longer, or whose caller went away, goes on where others may wait for it. */
async function within<T>(ms: number, work: Promise<T>, tool: string, gone: AbortSignal): Promise<T> {
  const end = Promise.withResolvers<never>();
  const timer = setTimeout(() => end.reject(stillWorking(tool)), ms);
  const leave = () => end.reject(gone.reason);
  gone.addEventListener("abort", leave, { once: true });
  if (gone.aborted) leave();
  try {
    return await Promise.race([work, end.promise]);
  } finally {
    clearTimeout(timer);
    gone.removeEventListener("abort", leave);
    // Whoever loses the race is heard by nobody any more.
    work.catch(() => undefined);
    end.promise.catch(() => undefined);
  }
}

const stillWorking = (tool: string) =>
  new BerthError({
    code: "still_working",
    message: "This takes longer than a call may last; it goes on here.",
    object: tool,
    cause: "A call is answered within 45 seconds, since clients give up longer ones.",
    next: `Call ${tool} again with the same arguments: what is done by then is not done twice. get_run lists the runs.`,
  });

export const sent = ({ structured, text, isError }: Result): CallToolResult => ({
  content: [{ type: "text", text }],
  ...(structured && { structuredContent: structured }),
  ...(isError && { isError }),
});
