import type { LogLine } from "./logs-frames.ts";

/** A line, and whose it is. */
export interface NamedLine extends LogLine {
  /** Name of the container. */
  container: string;
}

/** What one log gives to the others' order. */
export interface Lane {
  /** The log is open: that nothing comes means that there is nothing. */
  opened(): void;
  /** Settles when there is room for more. */
  push(lines: readonly LogLine[]): Promise<void>;
  end(): void;
}

/** Characters that wait in a lane before its log is read no further. */
const laneRoom = 256 * 1024;
const batchRoom = 64 * 1024;
/** Beside its text, a line costs some memory. */
const lineCost = 100;

interface Waiting {
  name: string;
  lines: { line: LogLine; arrived: number }[];
  at: number;
  size: number;
  open: boolean;
  ended: boolean;
  begun: number;
  room: (() => void) | undefined;
}

/**
 * Several logs as one, in the order of their times: a line waits until every other log has shown its next one, but not
 * longer than a moment. Holds little, however much comes and however slowly it is taken: who brings lines waits.
 */
export function createMerge({ holdMs = 200, openMs = 5000 }: { holdMs?: number; openMs?: number } = {}) {
  const lanes = new Set<Waiting>();
  let closed = false;
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const stir = () => wake?.();

  function lane(container: string): Lane {
    const own: Waiting = {
      ...{ name: container, lines: [], at: 0, size: 0, open: false, ended: false },
      ...{ begun: performance.now(), room: undefined },
    };
    lanes.add(own);
    return {
      opened() {
        own.open = true;
        stir();
      },
      async push(lines) {
        const arrived = performance.now();
        own.open = true;
        for (const line of lines) {
          own.lines.push({ line, arrived });
          own.size += line.text.length + lineCost;
        }
        stir();
        if (own.size <= laneRoom || closed) return;
        await new Promise<void>((go) => {
          own.room = go;
        });
      },
      end() {
        own.ended = true;
        stir();
      },
    };
  }

  /** The lane whose line is next; undefined, or ms to wait, where it is not known yet. */
  function nextLane(): Waiting | number | undefined {
    let first: Waiting | undefined;
    let unsure = 0;
    const now = performance.now();
    for (const one of lanes) {
      const head = one.lines[one.at];
      if (!head && one.ended) lanes.delete(one);
      else if (!head) unsure = Math.max(unsure, one.open ? holdMs : one.begun + openMs - now);
      else if (!first || head.line.time < (first.lines[first.at]?.line.time ?? "")) first = one;
    }
    const head = first?.lines[first.at];
    if (!first || !head) return undefined;
    // A log that is far ahead of one that says nothing does not wait for it.
    if (closed || unsure <= 0 || first.size > laneRoom / 2) return first;
    const left = head.arrived + unsure - now;
    return left <= 0 ? first : left;
  }

  function take(from: Waiting): NamedLine[] {
    const head = from.lines[from.at++];
    if (!head) return [];
    from.size -= head.line.text.length + lineCost;
    if (from.at > 1000 || from.at === from.lines.length) {
      from.lines.splice(0, from.at);
      from.at = 0;
    }
    if (from.size <= laneRoom / 2) {
      from.room?.();
      from.room = undefined;
    }
    return [{ ...head.line, container: from.name }];
  }

  async function* batches(): AsyncGenerator<NamedLine[]> {
    for (;;) {
      const batch: NamedLine[] = [];
      let next = nextLane();
      for (let size = 0; typeof next === "object" && size < batchRoom; next = nextLane()) {
        batch.push(...take(next));
        size += batch.at(-1)?.text.length ?? 0;
      }
      if (batch.length > 0) {
        yield batch;
        continue;
      }
      if (closed && next === undefined) break;
      await slept(typeof next === "number" ? next : undefined);
    }
    if (failure) throw failure.error;
  }

  function slept(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        wake = undefined;
        resolve();
      };
    });
  }

  return {
    lane,
    batches,
    /** No line comes any more: what is here is given, and then the failure, where there is one. */
    close(error?: { error: unknown }) {
      closed = true;
      failure ??= error;
      for (const one of lanes) one.room?.();
      stir();
    },
  };
}
