import { createRequestStateCodec, type RequestStateCodec } from "@modelcontextprotocol/server";
import type { Dialogs } from "../services/surface.ts";
import type { Kept } from "./ask-later.ts";

/** Signs and verifies what a client keeps between two calls. */
export type Keeper = RequestStateCodec<Kept>;

/** As long as a request stays open: an answer after that could not count. */
const ttlSeconds = 15 * 60;

/** The key is the state folder's, so another process of it takes the answer as well. It is read when first needed. */
export function keeperOf(dialogs: Dialogs): Keeper {
  let codec: Keeper | undefined;
  const made = () => (codec ??= createRequestStateCodec<Kept>({ key: dialogs.key, ttlSeconds }));
  return {
    mint: (kept, ctx) => made().mint(kept, ctx),
    verify: (state, ctx) => made().verify(state, ctx),
  };
}
