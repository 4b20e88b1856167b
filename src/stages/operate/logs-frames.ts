/** One line that a container has written. */
export interface LogLine {
  /** When the Engine got it: RFC 3339 with nine digits, in UTC, so that texts sort as times do. */
  time: string;
  stream: "stdout" | "stderr";
  text: string;
}

/** What is longer is cut: the Engine passes on whatever a program writes without an end of line. */
const longest = 64 * 1024;
/** The Engine's own frames hold at most 16 KiB of content. */
const longestFrame = 1024 * 1024;
const header = 8;
const newline = 10;

/** A line of which the Engine has given only the beginning so far. */
interface Begun {
  time: string;
  pieces: Buffer[];
  bytes: number;
}

/**
 * Reads the Engine's stream of a log with times: frames of eight bytes (stream, three zeros, big-endian length), then the time,
 * a space and a piece of a line. Only the last piece of a line ends it. Throws a RangeError on what is no such stream.
 */
export function readFrames() {
  let rest: Buffer = Buffer.alloc(0);
  const begun: Record<LogLine["stream"], Begun | undefined> = { stdout: undefined, stderr: undefined };

  function take(frame: Buffer, stream: LogLine["stream"]): LogLine | undefined {
    const space = frame.indexOf(32);
    const line = begun[stream] ?? { time: frame.toString("latin1", 0, space), pieces: [], bytes: 0 };
    const ends = frame.at(-1) === newline;
    const piece = frame.subarray(space + 1, ends ? frame.length - 1 : frame.length);
    if (line.bytes < longest) line.pieces.push(piece.subarray(0, longest - line.bytes));
    line.bytes += piece.length;
    begun[stream] = ends ? undefined : line;
    return ends ? whole(line, stream) : undefined;
  }

  return {
    /** The lines that end in this chunk. */
    push(chunk: Buffer): LogLine[] {
      const lines: LogLine[] = [];
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (all.length - at >= header) {
        const length = all.readUInt32BE(at + 4);
        const kind = all[at];
        if ((kind !== 1 && kind !== 2) || length > longestFrame) throw new RangeError("not a stream of log frames");
        if (all.length - at - header < length) break;
        const frame = all.subarray(at + header, at + header + length);
        const line = take(frame, kind === 1 ? "stdout" : "stderr");
        if (line) lines.push(line);
        at += header + length;
      }
      // A copy: a view would keep the whole chunk.
      rest = Buffer.from(all.subarray(at));
      return lines;
    },
    /** What a program wrote last, without an end of line. */
    end(): LogLine[] {
      return (["stdout", "stderr"] as const).flatMap((stream) => {
        const line = begun[stream];
        return line ? [whole(line, stream)] : [];
      });
    },
  };
}

const whole = ({ time, pieces, bytes }: Begun, stream: LogLine["stream"]): LogLine => {
  const text = (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))?.toString("utf8") ?? "";
  return { time, stream, text: bytes > longest ? `${text} … ${bytes - longest} bytes more` : text };
};

/** As the Engine takes a time: seconds and nanoseconds. Undefined where the text is no time of its. */
export function engineTime(time: string, earlierSeconds = 0): string | undefined {
  const [, seconds, nanos] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$/.exec(time) ?? [];
  if (seconds === undefined || nanos === undefined) return undefined;
  return `${Math.max(0, Date.parse(`${seconds}Z`) / 1000 - earlierSeconds)}.${nanos}`;
}
