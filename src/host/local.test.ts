import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { until } from "../kit/wait.ts";
import { runLocal } from "./local.ts";
import { sh } from "./quote.ts";

const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
/** A killed orphan may stay in the process table as a zombie, where nobody collects it. */
const runs = (pid: number) =>
  readFile(`/proc/${pid}/stat`, "utf8").then(
    (stat) => !stat.includes(") Z "),
    () => false,
  );

test("code, both outputs, input and nothing of our environment", async () => {
  const heard: string[] = [];
  const script = 'cat; echo "home: $HOME" >&2; exit 3';
  const result = await runLocal(sh(script), { env, input: "given", onOutput: (text) => heard.push(text) });
  expect(result).toEqual({ code: 3, signal: null, stdout: "given", stderr: "home: \n" });
  expect(new Set(heard)).toEqual(new Set(["given", "home: \n"]));
});

test("the end of a long output is kept", async () => {
  const { stdout } = await runLocal(sh("seq 1 20000"), { env, maxChars: 12 });
  expect(stdout).toBe("19999\n20000\n");
});

test("an abort ends the whole process group and rejects with the reason", async () => {
  const abort = new AbortController();
  let child = 0;
  const run = runLocal(sh("sleep 60 & echo $!; wait"), {
    env,
    signal: abort.signal,
    onOutput: (text) => {
      child = Number(text);
      abort.abort(new Error("enough"));
    },
  });
  await expect(run).rejects.toThrow("enough");
  expect(child).toBeGreaterThan(0);
  expect(await until(async () => ((await runs(child)) ? undefined : "ended"), { timeoutMs: 5000 })).toBe("ended");
});

test("a timeout gives code null", async () => {
  const result = await runLocal(["sleep", "60"], { env, timeoutMs: 50 });
  expect(result).toMatchObject({ code: null, signal: "SIGTERM" });
});

test("a program that is not there is named", async () => {
  await expect(runLocal(["no-such-program"], { env })).rejects.toMatchObject({ code: "program_missing" });
});
