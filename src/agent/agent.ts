import { BerthError, failureOf } from "../kit/error.ts";
import { accountOf } from "./account.ts";
import { answering } from "./answering.ts";
import { askPerson } from "./ask-person.ts";
import { caller } from "./call.ts";
import { connect } from "./connection.ts";
import { systemPrompt } from "./prompt.ts";
import { watchRuns } from "./run-seen.ts";
import { offered } from "./tool-use.ts";
import { transcriptAt } from "./transcript.ts";
import type { AgentEnd, AgentOptions } from "./types.ts";

/**
 * One conversation, from the person's first line to its end: the model acts through Berth's MCP server alone, and the
 * person answers what the server asks. What went wrong is in the end; nothing is thrown but what is a bug.
 */
export async function runAgent(options: AgentOptions): Promise<AgentEnd> {
  const { person, signal } = options;
  const record = transcriptAt(options.transcript);
  const account = accountOf(options);
  const note = (line: string) => person.note(line);
  const runs = watchRuns(note);
  const calls = caller({ person, record, note, see: runs.see, signal });
  const end = (reason: AgentEnd["reason"], failure?: AgentEnd["failure"]): AgentEnd => {
    const run = runs.going();
    const request = runs.open();
    const { turns, usd, answer } = account.state();
    const ended = {
      reason,
      ...(failure && { failure }),
      ...(request !== undefined && { request }),
      ...(run !== undefined && { run }),
      turns,
      usd,
      answer,
    };
    record("end", ended);
    return ended;
  };

  record("start", { model: options.model, limits: options.limits, version: options.version });
  if (account.unknown !== undefined) note(account.unknown);
  try {
    const connection = await connect(options, calls.onDialog);
    try {
      const tools = [...connection.tools.map(offered), askPerson];
      const system = systemPrompt();
      const answer = answering({ options, account, record, note, system, tools, run: calls.through(connection) });
      return end(await conversation(options, answer));
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (signal.aborted) return end("left");
    if (error instanceof BerthError) return end("failed", failureOf(error));
    throw error;
  }
}

/** Lines of the person's, each answered in turn, until there is none, or until the model cannot go on. */
async function conversation(
  { message, person }: AgentOptions,
  answer: (line: string) => Promise<AgentEnd["reason"]>,
): Promise<AgentEnd["reason"]> {
  let line = message ?? (await person.ask("What shall be done? "));
  if (line === undefined) return "left";
  while (line !== undefined && line.trim() !== "") {
    const reason = await answer(line);
    if (reason !== "answered") return reason;
    line = await person.ask("> ");
  }
  return "answered";
}
