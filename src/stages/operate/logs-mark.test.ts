import fc from "fast-check";
import { expect, test } from "vitest";
import { at } from "./logs-fixture.ts";
import type { LogLine } from "./logs-frames.ts";
import { createMark } from "./logs-mark.ts";

const line = (stream: LogLine["stream"], n: number): LogLine => ({ time: at(n), stream, text: String(n) });

test("a log that is read again gives what was not given yet, once, also of lines of the same time", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("stdout" as const, "stderr" as const), fc.nat({ max: 2 })));
  fc.assert(
    fc.property(steps, fc.nat(), (written, cut) => {
      const now = { stdout: 0, stderr: 0 };
      const log = written.map(([stream, more]) => {
        now[stream] += more;
        return { time: at(now[stream]), stream, text: "" };
      });
      const given = log.slice(0, cut % (log.length + 1));
      const mark = createMark({});
      for (const one of given) mark.note(one);
      const again = log.filter(mark.fresh());
      expect([...given, ...again].length).toBe(log.length);
    }),
  );
});

test("it begins as it was told until a line was given, and then a moment before that line", () => {
  const mark = createMark({ since: "5", tail: 10 });
  expect(mark.range()).toEqual({ since: "5", tail: 10 });
  mark.note(line("stdout", 7));
  mark.note(line("stderr", 3));
  expect(mark.range()).toEqual({ since: "1767225599.000000007" });
});
