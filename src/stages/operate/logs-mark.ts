import { engineTime, type LogLine } from "./logs-frames.ts";

/** The last line of a stream that was given, and how many lines of that very time were. */
interface Last {
  time: string;
  count: number;
}

/** Where the reading of a log begins; without any, at its beginning. */
export interface Beginning {
  since?: string | undefined;
  /** The last so many lines. */
  tail?: number | undefined;
}

/** How far a container's log was given. stdout and stderr get their times separately, so each has its own place. */
export interface Mark {
  note(line: LogLine): void;
  /**
   * What the Engine is asked for next: what it was to begin with, until a line was given; then from a moment before that line,
   * since the two streams need not lie in the order of their times.
   */
  range(): Beginning;
  /** Whether a line of a log that is read again was not given yet. To be asked for each, in order, of `range`. */
  fresh(): (line: LogLine) => boolean;
}

const overlapSeconds = 1;

export function createMark(beginning: Beginning): Mark {
  const last = new Map<LogLine["stream"], Last>();
  return {
    note({ stream, time }) {
      const known = last.get(stream);
      if (known?.time === time) known.count++;
      else last.set(stream, { time, count: 1 });
    },
    range() {
      const times = [...last.values()].map(({ time }) => time).toSorted();
      const since = engineTime(times.at(-1) ?? "", overlapSeconds);
      return since === undefined ? beginning : { since };
    },
    fresh() {
      const given = new Map([...last].map(([stream, { time, count }]) => [stream, { time, left: count }]));
      return ({ stream, time }) => {
        const known = given.get(stream);
        if (known === undefined) return true;
        if (time < known.time) return false;
        if (time === known.time && known.left-- > 0) return false;
        given.delete(stream);
        return true;
      };
    },
  };
}
