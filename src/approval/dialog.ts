import { randomBytes } from "node:crypto";
import { addDialog, openDialogOf, withdrawDialogs } from "../store/dialogs.ts";
import type { Store } from "../store/store.ts";
import { answerable, isAnswerable } from "./request.ts";

/**
 * A dialog whose answer comes in a later call, by its id. One that is opened withdraws those before it about the same
 * request. Throws `no_such_request` or `request_closed`. `now` is in ms since 1970.
 */
export function openDialog(store: Store, request: string, now: number): string {
  return store.write(() => {
    const id = randomBytes(16).toString("hex");
    addDialog(store, id, answerable(store, request, now).id, now);
    return id;
  });
}

/** True once, for the newest dialog about this request, while the request can be answered. */
export function takeDialog(store: Store, dialog: string, request: string, now: number): boolean {
  return store.write(() => {
    if (!isAnswerable(store, request, now) || openDialogOf(store, request) !== dialog) return false;
    withdrawDialogs(store, request);
    return true;
  });
}
