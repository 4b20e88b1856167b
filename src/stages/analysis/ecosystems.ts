import type { Ecosystem } from "./findings.ts";
import { html } from "./html/ecosystem.ts";
import { node } from "./node/ecosystem.ts";
import { python } from "./python/ecosystem.ts";

/** Each looks for its own programs; a source may hold programs of several. */
export const ecosystems: Ecosystem[] = [node, python, html];
