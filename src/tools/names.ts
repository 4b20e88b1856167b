import { type Outside, outside } from "./tool.ts";

/**
 * A name that the source chose: plain where it can be nothing but a name, since a sentence needs spaces; else it counts as
 * text from outside.
 */
export const knownName = (name: string): string | Outside =>
  /^[A-Za-z0-9_.@/:-]{1,64}$/.test(name) ? name : outside(name, "a name in the repository", 200);
