import { expect, test } from "vitest";
import type { Host, Lock } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { cancelled } from "../run/stop.ts";
import { takeStack } from "./contexts.ts";

const held = new BerthError({ code: "lock_held", message: "bob is changing it.", object: "shop", cause: "", next: "" });

/** A server whose lock is another's for so many tries. */
function serverWith(tries: number, { number, since }: Pick<Lock, "number" | "since"> = { number: 1, since: 1 }) {
  const released: number[] = [];
  const lock = { name: "stack-shop", number, since, release: async () => void released.push(number) };
  const host = {
    name: "root@server",
    lock: async () => {
      if (tries-- > 0) throw held;
      return lock;
    },
  };
  return { host: host as unknown as Host, released };
}

function takerWith(signal = new AbortController().signal) {
  const waits: string[] = [];
  return {
    waits,
    taker: { owner: "ann@here", run: "run_1", signal, onWait: (of: BerthError) => waits.push(of.message) },
  };
}

test("a lock that another holds is waited for, and who holds it is said once", async () => {
  const { waits, taker } = takerWith();
  expect(await takeStack(serverWith(2).host, "shop", taker, undefined)).toMatchObject({ number: 1 });
  expect(waits).toEqual([held.message]);
});

test("who is cancelled while waiting takes nothing more", async () => {
  const stop = new AbortController();
  const { taker } = takerWith(stop.signal);
  const { host } = serverWith(1);
  const waiting = takeStack(host, "shop", { ...taker, onWait: () => stop.abort(cancelled("run_1")) }, undefined);
  await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  expect(await host.lock("", { owner: "", run: "", ttlSeconds: 1 })).toMatchObject({ number: 1 });
});

test("after a lost connection a run goes on where nobody had its lock since, also where an answer was lost", async () => {
  const { taker } = takerWith();
  for (const number of [4, 5])
    expect(await takeStack(serverWith(0, { number, since: 3 }).host, "shop", taker, 3)).toMatchObject({ number });
});

test("where another had it since, or has it, the run is told that it has lost it, and does not wait", async () => {
  const { waits, taker } = takerWith();
  const passed = serverWith(0, { number: 5, since: 5 });
  await expect(takeStack(passed.host, "shop", taker, 3)).rejects.toMatchObject({ code: "lock_lost" });
  expect(passed.released).toEqual([5]);
  const lost = { code: "lock_lost", cause: expect.stringContaining(held.message) };
  await expect(takeStack(serverWith(9).host, "shop", taker, 3)).rejects.toMatchObject(lost);
  expect(waits.length).toBeLessThanOrEqual(1);
});
