import fc from "fast-check";
import { expect, test } from "vitest";
import { at, frame } from "./logs-fixture.ts";
import { engineTime, readFrames } from "./logs-frames.ts";

test("lines come out as they were written, however the stream is cut", () => {
  const text = fc.string({ unit: "grapheme" }).map((one) => one.replaceAll("\n", ""));
  const written = fc.array(fc.tuple(fc.constantFrom("stdout" as const, "stderr" as const), text, text));
  fc.assert(
    fc.property(written, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (lines, sizes) => {
      const all = Buffer.concat(lines.map(([stream, first, second], n) => frame(stream, at(n), first, second)));
      const frames = readFrames();
      const read = [];
      for (let from = 0; from < all.length; ) {
        const size = sizes.next().value;
        read.push(...frames.push(all.subarray(from, from + size)));
        from += size;
      }
      const whole = lines.map(([stream, first, second], n) => {
        const bytes = Buffer.concat([Buffer.from(first), Buffer.from(second)]);
        return { time: at(n), stream, text: bytes.toString("utf8") };
      });
      expect(read).toEqual(whole);
      expect(frames.end()).toEqual([]);
    }),
  );
});

test("stdout and stderr that write a long line at the same time stay two lines", () => {
  const frames = readFrames();
  const [first, second] = [frame("stdout", at(1), "out-", "put"), frame("stderr", at(2), "err-", "or")];
  const half = (whole: Buffer) => whole.subarray(0, 8 + whole.readUInt32BE(4));
  const rest = (whole: Buffer) => whole.subarray(8 + whole.readUInt32BE(4));
  const read = [half(first), half(second), rest(second), rest(first)].flatMap((piece) => frames.push(piece));
  expect(read.map(({ text }) => text)).toEqual(["err-or", "out-put"]);
});

test("what a program wrote last without an end of line is a line at the end", () => {
  const frames = readFrames();
  const open = frame("stderr", at(1), "no end", "");
  expect(frames.push(open.subarray(0, 8 + open.readUInt32BE(4)))).toEqual([]);
  expect(frames.end()).toEqual([{ time: at(1), stream: "stderr", text: "no end" }]);
});

test("a line without end is cut, and says by how much", () => {
  const frames = readFrames();
  const [line] = frames.push(frame("stdout", at(1), ...Array.from({ length: 10 }, () => "x".repeat(16_384))));
  expect(line?.text).toMatch(/^x{65536} … 98304 bytes more$/);
});

test("a stream of something else is refused, not shown as a log", () => {
  expect(() => readFrames().push(Buffer.from("HTTP/1.1 500 Internal Server Error\r\n"))).toThrow(RangeError);
});

test("times as the Engine takes them", () => {
  expect(engineTime("2026-01-01T00:00:01.000000009Z")).toBe("1767225601.000000009");
  expect(engineTime("2026-01-01T00:00:01.500000000Z", 1)).toBe("1767225600.500000000");
  expect(engineTime("yesterday")).toBeUndefined();
});
