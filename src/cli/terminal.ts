import type { Failure } from "../kit/error.ts";
import { visible, visibleLines } from "../kit/text.ts";

/** What a command may do with the person before it. cli.ts makes the real one; tests make their own. */
export interface Terminal {
  /** The answer: stdout. */
  say(text: string): void;
  /** A piece of the answer, as it is: the line goes on. */
  write(text: string): void;
  /** Settles when the answer so far was taken from us: whoever says much waits for it. */
  drained(): Promise<void>;
  /** Progress and notes: stderr. */
  note(text: string): void;
  /** stderr is a terminal: colour, and lines that are written over. */
  readonly live: boolean;
  /**
   * Asks on the terminal itself and reads one line there; undefined where there is none. `afresh`: what was typed before
   * the question could be read does not count.
   */
  ask(question: string, options?: { hidden?: boolean; afresh?: boolean }): Promise<string | undefined>;
  readonly json: boolean;
  /** Calls back at each Ctrl-C until what is answered is called; without a listener Ctrl-C ends the command. */
  onInterrupt(listener: () => void): () => void;
}

/**
 * What a command ends with: 0 done, 1 failed, 2 usage, 3 approval needed, 4 questions open, 130 left by Ctrl-C. Where another
 * program was started for the person, it is that one's.
 */
export type ExitCode = number;

const codes: Record<string, ExitCode> = {
  usage: 2,
  bad_address: 2,
  bad_wish: 2,
  approval_required: 3,
  questions_open: 4,
};

export const exitCodeOf = ({ code }: Failure): ExitCode => codes[code] ?? 1;

/** An error as a person reads it: what, to what, why, and what to do next. */
export function renderFailure({ code, message, object, cause, next }: Failure): string {
  const indented = (text: string) => visibleLines(text).replaceAll("\n", "\n        ");
  return [
    `✗ ${visible(message)}`,
    `  what  ${visible(object)} (${code})`,
    `  why   ${indented(cause)}`,
    `  next  ${indented(next)}`,
  ].join("\n");
}
