import { expect, test } from "vitest";
import type { Answer } from "./probe.ts";
import { crashed, type Facts, healthy, verdictOf } from "./verdict.ts";

const facts = (answer: Answer | undefined, rest: Partial<Facts> = {}): Facts => ({
  container: { status: "running", exitCode: 0, oomKilled: false },
  asked: { address: "172.30.0.10", port: 3000, path: "/healthz", name: "shop.example.com" },
  probe: answer && { answer, trail: [] },
  up: 0,
  check: null,
  listeners: [],
  timeoutSeconds: 60,
  ...rest,
});
const status = (code: number, rest: Partial<Extract<Answer, { kind: "status" }>> = {}): Answer => ({
  kind: "status",
  status: code,
  location: "",
  body: "",
  ...rest,
});
const refused: Answer = { kind: "refused" };
const exited = (exitCode: number, oomKilled = false) => ({ container: { status: "exited", exitCode, oomKilled } });

test.each<[string, Facts, string, RegExp]>([
  ["an exit", facts(undefined, exited(3)), "app_crashed", /ended by itself/],
  ["a command that is not there", facts(undefined, exited(127)), "app_crashed", /not found in the image/],
  ["too little memory", facts(undefined, exited(137, true)), "app_crashed", /more memory/],
  ["no port at all", facts(refused), "health_refused", /listens nowhere/],
  [
    "another port",
    facts(refused, { listeners: [{ port: 8080, loopback: false }] }),
    "health_refused",
    /listens on port 8080, and the plan says 3000/,
  ],
  [
    "loopback only",
    facts(refused, { listeners: [{ port: 3000, loopback: true }] }),
    "health_refused",
    /127\.0\.0\.1:3000 only/,
  ],
  [
    "another port on loopback",
    facts(refused, { listeners: [{ port: 9229, loopback: true }] }),
    "health_refused",
    /127\.0\.0\.1:9229 only/,
  ],
  ["an error", facts(status(500, { body: "no\u001b[31m table\n" })), "health_status", /It says: no table$/],
  ["a redirect elsewhere", facts(status(301, { location: "https://b.example/" })), "health_status", /b\.example/],
  ["a silent one", facts({ kind: "silent", words: "it resets the connection" }), "health_timeout", /resets/],
])("%s is named", (_, given, code, cause) => {
  expect(healthy(given)).toBe(false);
  const verdict = verdictOf(given);
  expect(verdict.code).toBe(code);
  expect(verdict.cause).toMatch(cause);
  expect(verdict.next).toMatch(/\.$/);
});

test("a redirect in a circle is named as one, with the way it takes", () => {
  const trail = ["/a", "/b", "/a", "/b", "/a", "/b"];
  const verdict = verdictOf(facts(undefined, { probe: { answer: status(302, { location: "/a" }), trail } }));
  expect(verdict.code).toBe("redirect_loop");
  expect(verdict.cause).toContain("/a → /b → /a");
});

test("an exit counts more than what was answered before it", () => {
  expect(verdictOf(facts(status(500), exited(1))).code).toBe("app_crashed");
});

const worker = (rest: Partial<Facts> = {}) => facts(undefined, { asked: null, ...rest });

test("what listens nowhere is healthy once it has run on for five seconds, and not while it is started again and again", () => {
  expect(healthy(worker({ up: 4.9 }))).toBe(false);
  expect(healthy(worker({ up: 5 }))).toBe(true);
  expect(healthy(worker({ up: 60, ...exited(0) }))).toBe(false);
  expect(verdictOf(worker(exited(3))).message).toContain("exit code 3");
  expect(verdictOf(worker({ container: { status: "restarting", exitCode: 4, oomKilled: false } })).code).toBe(
    "app_crashed",
  );
  expect(verdictOf(worker({ up: 1 })).code).toBe("health_timeout");
});

test("where a command is asked inside, it counts beside what is asked outside, and its words are the cause", () => {
  const check = (status: string) => ({ check: { status, said: "no\nqueue" } });
  expect(healthy(facts(status(200), check("healthy")))).toBe(true);
  expect(healthy(facts(status(200), check("starting")))).toBe(false);
  expect(healthy(facts(status(500), check("healthy")))).toBe(false);
  expect(healthy(worker({ up: 9, ...check("unhealthy") }))).toBe(false);
  expect(verdictOf(worker({ up: 9, ...check("unhealthy") }))).toMatchObject({
    code: "health_command",
    cause: expect.stringMatching(/no queue|no.*queue/),
  });
  expect(verdictOf(facts(status(500), check("unhealthy"))).code).toBe("health_status");
});

test("healthy is a status from 200 to 299, or an open port where no path is asked", () => {
  for (const code of [200, 204, 299]) expect(healthy(facts(status(code)))).toBe(true);
  for (const code of [199, 302, 404, 503]) expect(healthy(facts(status(code)))).toBe(false);
  expect(healthy(facts({ kind: "open" }))).toBe(true);
  expect(crashed(facts(undefined, exited(0)))).toBe(true);
  expect(crashed(facts(refused))).toBe(false);
});
