import { expect, test } from "vitest";
import { sharing } from "./sharing.ts";

/** Work that ends when it is told to; counts how often it was begun. */
function work() {
  const begun: { signal: AbortSignal; end(value: string): void; fail(error: Error): void }[] = [];
  const begin = (signal: AbortSignal) =>
    new Promise<string>((end, fail) => {
      begun.push({ signal, end, fail });
      signal.addEventListener("abort", () => fail(signal.reason));
    });
  return { begun, begin };
}
const never = new AbortController().signal;

test("who asks for the same waits for the same, and later it is done anew", async () => {
  const shared = sharing<string>();
  const { begun, begin } = work();
  const all = [shared("a", never, begin), shared("a", never, begin), shared("b", never, begin)];
  expect(begun).toHaveLength(2);
  begun[0]?.end("one");
  begun[1]?.end("other");
  expect(await Promise.all(all)).toEqual(["one", "one", "other"]);
  expect(begun[0]?.signal.aborted).toBe(false);
  const later = shared("a", never, begin);
  begun[2]?.end("again");
  expect(await later).toBe("again");
});

test("a failure is everybody's, and is not kept", async () => {
  const shared = sharing<string>();
  const { begun, begin } = work();
  const all = [shared("a", never, begin), shared("a", never, begin)];
  begun[0]?.fail(new Error("no"));
  for (const one of all) await expect(one).rejects.toThrow("no");
  void shared("a", never, begin).catch(() => undefined);
  expect(begun).toHaveLength(2);
});

test("who leaves leaves alone; the work is given up when nobody waits any more", async () => {
  const shared = sharing<string>();
  const { begun, begin } = work();
  const [first, second] = [new AbortController(), new AbortController()];
  const all = [shared("a", first.signal, begin), shared("a", second.signal, begin)];
  first.abort(new Error("first left"));
  await expect(all[0]).rejects.toThrow("first left");
  expect(begun[0]?.signal.aborted).toBe(false);
  second.abort(new Error("second left"));
  await expect(all[1]).rejects.toThrow("second left");
  expect(begun[0]?.signal.aborted).toBe(true);
  const anew = shared("a", never, begin);
  expect(begun).toHaveLength(2);
  begun[1]?.end("anew");
  expect(await anew).toBe("anew");
});

test("who comes after leaving begins nothing", async () => {
  const { begun, begin } = work();
  await expect(sharing<string>()("a", AbortSignal.abort(new Error("gone")), begin)).rejects.toThrow("gone");
  expect(begun).toEqual([]);
});
