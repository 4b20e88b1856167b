import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BerthError } from "../kit/error.ts";
import { keepAlive } from "./heartbeat.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<undefined>(() => undefined);
const lockLost = new BerthError({ code: "lock_lost", message: "lost", object: "x", cause: "y", next: "z" });

test("it renews three times in its time, until it is stopped", async () => {
  const renew = vi.fn(async () => undefined);
  const heartbeat = keepAlive(renew, 30, never);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(renew).toHaveBeenCalledTimes(6);
  heartbeat.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(renew).toHaveBeenCalledTimes(6);
});

test("a lost lease is lost for good, and nothing is renewed any more", async () => {
  const renew = vi.fn(async () => {
    throw lockLost;
  });
  const heartbeat = keepAlive(renew, 30, never);
  heartbeat.check();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(renew).toHaveBeenCalledTimes(1);
  expect(() => heartbeat.check()).toThrow(lockLost);
});

test("a beat that fails for another reason is tried again; past the lease's time it is lost", async () => {
  const outcomes = ["fails", "fails", "works"];
  const renew = vi.fn(async () => {
    if (outcomes.shift() !== "works") throw new Error("no session is free");
  });
  const heartbeat = keepAlive(renew, 30, never);
  await vi.advanceTimersByTimeAsync(35_000);
  heartbeat.check();
  await vi.advanceTimersByTimeAsync(50_000);
  expect(() => heartbeat.check()).toThrow("no session is free");
});

test("with the connection the lease is lost", async () => {
  const heartbeat = keepAlive(async () => undefined, 30, Promise.resolve(lockLost));
  await vi.advanceTimersByTimeAsync(1);
  expect(() => heartbeat.check()).toThrow(lockLost);
});
