import { expect, test } from "vitest";
import type { Host, Result } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { createBlame, openAgain } from "./way-back.ts";
import type { World } from "./world.ts";

const failure = (code: string) => ({ code, message: code, object: "shop", cause: "So it is.", next: "" });
const failed = (step: string | null, code = "not_verified") => ({ step, failure: failure(code) });

/** A server that answers so to the question whether it runs, or not at all. */
function server(answer: string | undefined) {
  const asked: string[] = [];
  const exec = async (words: readonly string[]): Promise<Result> => {
    asked.push(words.join(" "));
    if (answer === undefined) throw new BerthError(failure("connection_lost"));
    return { code: 0, signal: null, stdout: `${answer}\n`, stderr: "" };
  };
  return { host: { exec } as unknown as Host, asked };
}

test("a dead line and a server that goes down are to blame for whatever failed; else the failure stands", async () => {
  const blame = createBlame();
  expect(await blame(server(undefined).host, failed("stack/switch"))).toBe(true);
  expect(await blame(server("stopping").host, failed("stack/start"))).toBe(true);
  expect(await blame(server("running").host, failed("stack/start", "connection_lost"))).toBe(false);
  expect(await blame(server("degraded").host, failed(null))).toBe(false);
});

test("a step that has shut the way in by itself is not tried again, nor one that loses its line each time", async () => {
  const { host, asked } = server(undefined);
  const blame = createBlame();
  expect(await blame(host, failed("server/firewall", "firewall_locks_out"))).toBe(false);
  expect(asked).toEqual([]);
  const tries = async (step: string) => blame(host, failed(step, "connection_lost"));
  expect([await tries("a"), await tries("a"), await tries("a"), await tries("a")]).toEqual([true, true, true, false]);
  expect(await tries("b")).toBe(true);
});

test("a server that does not answer, or boots, is asked again until it has booted", async () => {
  const { host, asked } = server("running");
  const world = { host, close: async () => undefined } as unknown as World;
  const codes = ["host_unreachable", "login_refused"];
  const open = async () => {
    const code = codes.shift();
    if (code !== undefined) throw new BerthError(failure(code));
    return world;
  };
  expect(await openAgain(open, new AbortController().signal)).toBe(world);
  expect(asked).toEqual(["systemctl is-system-running --wait"]);
});

test("another server in its place is not waited for, and who stops the run does not wait either", async () => {
  const other = async () => {
    throw new BerthError(failure("host_key_changed"));
  };
  await expect(openAgain(other, new AbortController().signal)).rejects.toMatchObject({ code: "host_key_changed" });
  const stop = new AbortController();
  const silent = async () => {
    stop.abort(new BerthError(failure("cancelled")));
    throw new BerthError(failure("host_unreachable"));
  };
  await expect(openAgain(silent, stop.signal)).rejects.toMatchObject({ code: "ABORT_ERR" });
});
