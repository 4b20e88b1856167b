import { describe, expect, test, vi } from "vitest";
import { ongoing } from "./ongoing.ts";
import type { Call } from "./tool.ts";

const callOf = (surface: object, signal = new AbortController().signal): Call =>
  ({ surface, signal, progress: () => undefined }) as unknown as Call;
const wanted = { key: ["look", "s1"], what: "looking" };
/** So long that a test that waits for it fails. */
const forever = 600_000;

describe("work that goes on", () => {
  test("answers what it found", async () => {
    expect(await ongoing(callOf({}), wanted, async () => 7, forever)).toEqual({ done: true, value: 7 });
  });

  test("is fetched by the next equal call where it took longer than a call may, and begun once", async () => {
    const surface = {};
    const { promise, resolve } = Promise.withResolvers<string>();
    const begin = vi.fn(() => promise);
    expect(await ongoing(callOf(surface), wanted, begin, 0)).toEqual({ done: false });
    expect(await ongoing(callOf(surface), wanted, begin, 0)).toEqual({ done: false });
    resolve("found");
    expect(await ongoing(callOf(surface), wanted, begin, forever)).toEqual({ done: true, value: "found" });
    expect(begin).toHaveBeenCalledTimes(1);
    // What was given is not given again: the world may have changed.
    await ongoing(callOf(surface), wanted, begin, forever);
    expect(begin).toHaveBeenCalledTimes(2);
  });

  test("tells a failure that came while nobody waited to the next call, once", async () => {
    const surface = {};
    const { promise, reject } = Promise.withResolvers<string>();
    const begin = vi.fn(() => promise);
    await ongoing(callOf(surface), wanted, begin, 0);
    reject(new Error("refused"));
    await expect(ongoing(callOf(surface), wanted, begin, forever)).rejects.toThrow("refused");
    await expect(ongoing(callOf(surface), wanted, async () => 1, forever)).resolves.toEqual({ done: true, value: 1 });
  });

  test("is no more at a time than a person could ask for", async () => {
    const surface = {};
    const never = new Promise<never>(() => {});
    const ask = (n: number) => ongoing(callOf(surface), { key: ["look", n], what: "looking" }, () => never, 0);
    const answers = await Promise.allSettled(Array.from({ length: 1000 }, (_, n) => ask(n)));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(16);
    await expect(ask(1000)).rejects.toMatchObject({ code: "too_many_calls" });
    // Those that go on are still answered.
    expect(await ask(0)).toEqual({ done: false });
  });

  test("is not shared between other questions, or another opened Berth", async () => {
    const surface = {};
    const never = () => new Promise<number>(() => undefined);
    await ongoing(callOf(surface), wanted, never, 0);
    const other = { ...wanted, key: ["look", "s2"] };
    expect(await ongoing(callOf(surface), other, async () => 2, forever)).toEqual({ done: true, value: 2 });
    expect(await ongoing(callOf({}), wanted, async () => 3, forever)).toEqual({ done: true, value: 3 });
  });

  test("is given up when its only caller leaves", async () => {
    const leave = new AbortController();
    const signals: AbortSignal[] = [];
    const call = ongoing(callOf({}, leave.signal), wanted, (signal) => untilAborted(signals, signal), forever);
    leave.abort(new Error("left"));
    await expect(call).rejects.toThrow("left");
    expect(signals[0]?.aborted).toBe(true);
  });

  test("goes on where another waits, or somebody was told to come back", async () => {
    const surface = {};
    const leave = new AbortController();
    const signals: AbortSignal[] = [];
    const begin = (signal: AbortSignal) => untilAborted(signals, signal);
    await ongoing(callOf(surface), wanted, begin, 0);
    const call = ongoing(callOf(surface, leave.signal), wanted, begin, forever);
    leave.abort(new Error("left"));
    await expect(call).rejects.toThrow("left");
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test("is not begun for a call that was cancelled before", async () => {
    const begin = vi.fn(async () => 1);
    await expect(ongoing(callOf({}, AbortSignal.abort()), wanted, begin, forever)).rejects.toThrow();
    expect(begin).not.toHaveBeenCalled();
  });
});

function untilAborted(signals: AbortSignal[], signal: AbortSignal): Promise<never> {
  signals.push(signal);
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
