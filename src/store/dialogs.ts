import { z } from "zod";
import type { Store } from "./store.ts";

/** Shows a dialog about a request, and withdraws those that were open about it. `now` is in ms since 1970. */
export const addDialog = (store: Store, id: string, request: string, now: number): void =>
  store.write(() => {
    withdrawDialogs(store, request);
    store.run("INSERT INTO dialogs VALUES (?, ?, 1, ?)", id, request, now);
  });

/** The one dialog about a request whose answer would still count. */
export const openDialogOf = (store: Store, request: string): string | undefined =>
  store.get(z.object({ id: z.string() }), "SELECT id FROM dialogs WHERE request = ? AND open = 1", request)?.id;

export const withdrawDialogs = (store: Store, request: string): void =>
  store.run("UPDATE dialogs SET open = 0 WHERE request = ? AND open = 1", request);
