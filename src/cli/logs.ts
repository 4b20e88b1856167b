import type { Command } from "commander";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { Berth } from "../services/berth.ts";
import { type LogsWanted, type ShownLine, streamLogs } from "../services/stack-logs.ts";
import type { Act } from "./commands.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

interface LogsOptions {
  follow?: boolean;
  since?: string;
  tail?: string;
  timestamps?: boolean;
  json?: boolean;
}

/** `berth logs`: what the containers of a stack print. */
export function addLogs(program: Command, act: Act): void {
  program
    .command("logs <stack> [services...]")
    .description("what the services of a stack print, databases too, in the order of time")
    .option("-f, --follow", "go on with what they print, over releases, until Ctrl-C")
    .option("--since <time>", "from then on: 90s, 10m, 2h, 3d, or a time such as 2026-01-31T12:00:00Z")
    .option("--tail <lines>", "the last so many lines of each container (default: 100; all with --since)")
    .option("-t, --timestamps", "each line behind its time")
    .option("--json", "JSON lines")
    .action((stack: string, services: string[], options: LogsOptions) =>
      act((berth, terminal) => showLogs(berth, terminal, stack, wantedOf(services, options), options))(options),
    );
}

async function showLogs(
  berth: Berth,
  terminal: Terminal,
  stack: string,
  wanted: LogsWanted,
  { timestamps = false }: LogsOptions,
): Promise<ExitCode> {
  const leaving = new AbortController();
  const stopListening = terminal.onInterrupt(() => leaving.abort());
  const onLost = (why: string) =>
    terminal.note(`! The connection to the server was lost (${cleanLine(why, 200)}): going on as soon as it answers.`);
  const line = terminal.json ? JSON.stringify : textLines(timestamps);
  try {
    for await (const lines of streamLogs(berth, stack, wanted, { signal: leaving.signal, onLost })) {
      terminal.write(`${lines.map((one) => line(one)).join("\n")}\n`);
      await terminal.drained();
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
  } finally {
    stopListening();
  }
  return leaving.signal.aborted ? 130 : 0;
}

/** Each line behind the name of its container, as wide as the longest so far. */
function textLines(timestamps: boolean): (line: ShownLine) => string {
  let width = 0;
  return ({ time, container, text }) => {
    width = Math.max(width, container.length);
    return `${timestamps ? `${time.slice(0, 23)}Z ` : ""}${container.padEnd(width)} | ${text}`;
  };
}

function wantedOf(services: readonly string[], { follow = false, since, tail }: LogsOptions): LogsWanted {
  const from = since === undefined ? undefined : sinceOf(since);
  const last = tail === undefined ? (from === undefined ? 100 : undefined) : linesOf(tail);
  return { services, follow, since: from, tail: last };
}

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

function sinceOf(text: string): LogsWanted["since"] {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return { seconds: Number(count) * seconds[unit as keyof typeof seconds] };
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return { time: text };
  throw usage("--since", text, "It is a number with s, m, h or d, or a time such as 2026-01-31T12:00:00Z.");
}

function linesOf(text: string): number | undefined {
  if (text === "all") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usage("--tail", text, "It is a number of lines, or all.");
}

const usage = (option: string, value: string, cause: string) =>
  new BerthError({
    code: "usage",
    message: `${option} cannot be understood.`,
    object: cleanLine(value, 80),
    cause,
    next: "berth logs --help says what it takes.",
  });
