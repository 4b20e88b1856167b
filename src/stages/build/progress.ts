import type { Vertex } from "./trace.ts";
import { decodeTrace } from "./trace.ts";

/** What a finished stream of build messages leaves behind. */
export interface BuildOutcome {
  imageId: string | undefined;
  /** The Engine's own words where it failed. */
  error: string | undefined;
  /** The step that failed, `[2/5] RUN npm ci`, with the last lines that it printed. */
  failed: { step: string; lines: string[] } | undefined;
}

interface Seen {
  number: number;
  vertex: Vertex;
  announced: boolean;
  ended: boolean;
  /** What came after the last newline. */
  rest: Buffer;
  lines: string[];
}

const keptLines = 40;

/** BuildKit's own work on the context says nothing to a reader. */
const isInternal = (name: string) => name.startsWith("[internal]") || name.startsWith("copy /context");

/**
 * Reads the Engine's build messages one by one and writes what a person follows: `#3 [2/5] RUN npm ci`, `#3 added 120
 * packages`, `#3 done 4.1 s`.
 */
export function buildProgress(log: (text: string) => void): { message(line: string): void; outcome(): BuildOutcome } {
  const steps = new Map<string, Seen>();
  let numbers = 0;
  let imageId: string | undefined;
  let error: string | undefined;

  const message = (line: string) => {
    const parsed = JSON.parse(line) as { id?: unknown; aux?: unknown; error?: unknown; stream?: unknown };
    if (typeof parsed.error === "string") error = parsed.error;
    if (parsed.id === "moby.buildkit.trace" && typeof parsed.aux === "string") trace(parsed.aux);
    if (parsed.id === "moby.image.id") imageId = (parsed.aux as { ID?: string } | undefined)?.ID;
  };

  const trace = (aux: string) => {
    const { vertexes, logs } = decodeTrace(aux);
    for (const vertex of vertexes) progressed(vertex);
    for (const { vertex, text } of logs) {
      const seen = steps.get(vertex);
      if (seen) for (const line of completeLines(seen, text)) log(`#${seen.number} ${line}\n`);
    }
  };

  const progressed = (vertex: Vertex) => {
    const known = steps.get(vertex.digest);
    const seen = known ?? { number: 0, vertex, announced: false, ended: false, rest: Buffer.alloc(0), lines: [] };
    seen.vertex = vertex;
    steps.set(vertex.digest, seen);
    if (isInternal(vertex.name) && !vertex.error) return;
    if (!seen.announced && vertex.started !== undefined) {
      seen.announced = true;
      seen.number = ++numbers;
      log(`#${seen.number} ${vertex.name}\n`);
    }
    if (!seen.ended && vertex.completed !== undefined && vertex.started !== undefined) {
      seen.ended = true;
      for (const line of completeLines(seen, Buffer.from(seen.rest.length > 0 ? "\n" : "")))
        log(`#${seen.number} ${line}\n`);
      log(`#${seen.number} ${endOf(vertex, vertex.completed - vertex.started)}\n`);
    }
  };

  return {
    message,
    outcome: () => {
      const failed = [...steps.values()].find(({ vertex }) => vertex.error !== "");
      return { imageId, error, failed: failed && { step: failed.vertex.name, lines: failed.lines } };
    },
  };
}

const endOf = ({ error, cached }: Vertex, seconds: number) =>
  error ? `failed: ${error}` : cached ? "cached" : `done ${seconds.toFixed(1)} s`;

/** The lines that `text` completes, remembered as the step's last ones. Progress bars that go back stay one line. */
function completeLines(seen: Seen, text: Buffer): string[] {
  const whole = Buffer.concat([seen.rest, text]);
  const end = whole.lastIndexOf("\n");
  seen.rest = whole.subarray(end + 1);
  if (end < 0) return [];
  const lines = whole
    .subarray(0, end)
    .toString()
    .split("\n")
    .map((line) => line.replace(/\r$/, "").replace(/^.*\r/, ""));
  seen.lines = [...seen.lines, ...lines].slice(-keptLines);
  return lines;
}
