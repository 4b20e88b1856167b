import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Writes one thing that happened, at once: what a conversation that was killed did can be read to its last step. */
export type Writer = (kind: string, facts: object) => void;

/** A JSON Lines file for its owner alone. Tools scrub their results, so that no secret of a stack comes here. */
export function transcriptAt(file: string): Writer {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return (kind, facts) =>
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), kind, ...facts })}\n`, { mode: 0o600 });
}
