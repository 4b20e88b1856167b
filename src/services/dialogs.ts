import { openDialog, takeDialog } from "../approval/dialog.ts";
import { dialogKey } from "../store/meta.ts";
import type { Berth } from "./berth.ts";
import type { Dialogs } from "./surface.ts";

/** Dialogs that are answered in a later call. Apart from acts.ts, so that a server which only starts loads no SSH. */
export function dialogsOf({ store }: Pick<Berth, "store">): Dialogs {
  return {
    open: (request) => openDialog(store, request, Date.now()),
    take: (dialog, request) => takeDialog(store, dialog, request, Date.now()),
    key: dialogKey(store),
  };
}
