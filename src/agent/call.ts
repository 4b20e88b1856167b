import type Anthropic from "@anthropic-ai/sdk";
import type { ElicitRequestParams, ElicitResult } from "@modelcontextprotocol/client";
import { BerthError } from "../kit/error.ts";
import { clean } from "../kit/text.ts";
import { askPerson, runAskPerson } from "./ask-person.ts";
import type { Connection } from "./connection.ts";
import { answerDialog } from "./dialog.ts";
import { callLine, type Outcome, outcomeOf } from "./tool-use.ts";
import type { Writer } from "./transcript.ts";
import type { Person } from "./types.ts";

interface Around {
  person: Person;
  record: Writer;
  note(line: string): void;
  /** Is told the structured content of each result. */
  see(structured: unknown): void;
  signal: AbortSignal;
}

/** Makes the model's calls, one at a time, and has the person answer the dialogs that they lead to. */
export function caller({ person, record, note, see, signal }: Around) {
  let [lastCall, lastStep] = ["", ""];

  /** A run is asked after again and again: that is said once, and so is the step that it is at. */
  function announce(line: string): void {
    if (line === lastCall) return;
    note(line);
    [lastCall, lastStep] = [line, ""];
  }

  function step(message: string): void {
    if (message !== lastStep) note(`  ${message}`);
    lastStep = message;
  }

  async function onDialog(dialog: ElicitRequestParams): Promise<ElicitResult> {
    const answer = signal.aborted ? { action: "cancel" as const } : await answerDialog(dialog, person);
    record("dialog", { dialog, answer });
    return answer;
  }

  const through = (connection: Connection) => async (use: Anthropic.ToolUseBlock) => {
    signal.throwIfAborted();
    const { id, name } = use;
    const input = isObject(use.input) ? use.input : {};
    record("call", { id, name, input });
    const outcome = name === askPerson.name ? await runAskPerson(input, person) : await called(connection, name, input);
    record("result", { id, ...outcome });
    return outcome;
  };

  async function called(connection: Connection, name: string, input: Record<string, unknown>): Promise<Outcome> {
    announce(callLine(name, input));
    try {
      const result = await connection.call(name, input, { signal, onProgress: step });
      see(result.structuredContent);
      return outcomeOf(result);
    } catch (error) {
      // Only what ends the conversation goes on from here: the model can mend an error of the protocol.
      if (signal.aborted || error instanceof BerthError) throw error;
      return { text: clean(`The call failed: ${(error as Error).message}`), isError: true };
    }
  }

  return { onDialog, through };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
