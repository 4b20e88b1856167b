import type { Resource } from "../resources/resource.ts";
import type { Surface } from "../services/surface.ts";
import type { Tool } from "../tools/tool.ts";

/** What one process serves, to whichever client connects. */
export interface Serving {
  surface: Surface;
  tools: readonly Tool[];
  resources: readonly Resource[];
  /** Tools that do more than read are neither listed nor run. */
  readOnly: boolean;
  limits: Limits;
  log: Log;
}

/** Milliseconds. */
export interface Limits {
  /** A call is answered by then, whatever still goes on: some clients give a call up after a minute. */
  call: number;
  /** A dialog is withdrawn by then, counted from the start of its call, so that the call can still be answered. */
  dialog: number;
  /** How often the store is looked at while somebody has subscribed to something. */
  watch: number;
}

export const usualLimits: Limits = { call: 44_000, dialog: 40_000, watch: 500 };

/** Never gets arguments or results: they may hold what no log should. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
