import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { AgentEnd } from "../agent/types.ts";
import { BerthError } from "../kit/error.ts";
import type { Berth } from "../services/berth.ts";
import { personAt } from "./agent-person.ts";
import type { Act, Surroundings } from "./commands.ts";
import { type ExitCode, exitCodeOf, renderFailure, type Terminal } from "./terminal.ts";

interface Options {
  model: string;
  maxTurns: number;
  maxCost: number;
  transcript?: string;
  identity?: string;
  json?: boolean;
}

/** `berth agent`: a conversation in which a model uses Berth's tools and the person before the terminal decides. */
export function addAgent(program: Command, around: Surroundings, act: Act): void {
  program
    .command("agent [message]")
    .description("talk: a model plans, asks and deploys with Berth's tools; you approve")
    .option("--model <name>", "the model that is asked", "claude-opus-5-5")
    .option("--max-turns <n>", "requests to the model, at most", positive, 60)
    .option("--max-cost <usd>", "what they may cost, looked at before each", positive, 5)
    .option("--transcript <file>", "where all that goes to and fro is written (default: in the state folder)")
    .option("--identity <file>", "a private SSH key to log in with")
    .option("--json", "the last line of stdout is how it ended, as JSON; all else goes to stderr")
    .action((message: string | undefined, options: Options) =>
      act((berth, terminal) => talk(berth, terminal, around, message, options))(options),
    );
}

async function talk(
  berth: Berth,
  terminal: Terminal,
  { env, cwd, startedWith: [node, file] }: Surroundings,
  given: string | undefined,
  options: Options,
): Promise<ExitCode> {
  const key = env["ANTHROPIC_API_KEY"];
  if (!key) throw keyMissing();
  const message = given ?? (await terminal.ask("What shall be done? "));
  if (message === undefined || message.trim() === "") throw nothingSaid();
  const started = new Date().toISOString().replaceAll(":", "-");
  const transcript = resolve(cwd, options.transcript ?? join(berth.config.home, "agent", `${started}.jsonl`));
  const { runAgent } = await import("../agent/agent.ts");
  const leaving = new AbortController();
  const stopListening = terminal.onInterrupt(() => leaving.abort());
  const end = await runAgent({
    message,
    model: options.model,
    version: berth.config.version,
    api: { key, baseURL: env["ANTHROPIC_BASE_URL"] || undefined },
    serve: { command: node, args: [file, "serve"], env: serverEnvironment(env, cwd, options), cwd },
    person: personAt(berth, terminal),
    limits: { turns: options.maxTurns, usd: options.maxCost },
    transcript,
    signal: leaving.signal,
  }).finally(stopListening);
  sayEnd(terminal, end, transcript);
  if (end.failure) return exitCodeOf(end.failure);
  return end.request !== undefined ? 3 : end.reason === "answered" ? 0 : 1;
}

/** All that this process has but what is the model's: the server has no use for its key. */
function serverEnvironment(env: Surroundings["env"], cwd: string, { identity }: Options): Record<string, string> {
  const passed = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith("ANTHROPIC_") ? [] : [[name, value]],
  );
  return { ...Object.fromEntries(passed), ...(identity !== undefined && { BERTH_IDENTITY: resolve(cwd, identity) }) };
}

function sayEnd(terminal: Terminal, end: AgentEnd, transcript: string): void {
  if (end.failure) terminal.note(renderFailure(end.failure));
  if (end.request !== undefined) terminal.note(`An approval is open. In a terminal: berth approve ${end.request}`);
  if (end.run !== undefined)
    terminal.note(`The run ${end.run} goes on without this command. Follow it: berth runs ${end.run}`);
  terminal.note(`${end.turns} requests to the model, $${end.usd.toFixed(2)}. All of it: ${transcript}`);
  if (terminal.json) terminal.say(JSON.stringify(end));
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError("It is a number above 0.");
  return value;
}

const keyMissing = () =>
  new BerthError({
    code: "api_key_missing",
    message: "The agent needs a key for the model's API.",
    object: "ANTHROPIC_API_KEY",
    cause: "The variable is not set, or empty.",
    next: "Set ANTHROPIC_API_KEY and try again. Without a key: berth up SOURCE --server S --domain D does the same without a model.",
  });

const nothingSaid = () =>
  new BerthError({
    code: "usage",
    message: "Nothing was said, so nothing was done.",
    object: "berth agent",
    cause: "There is no message, and nobody typed one on a terminal.",
    next: 'Say what shall be done: berth agent "deploy ./guestbook to ssh://root@203.0.113.5 as g.example.com"',
  });
