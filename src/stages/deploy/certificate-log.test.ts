import { expect, test } from "vitest";
import { refusalIn } from "./certificate-log.ts";

// As Caddy 2.11 wrote it, shortened.
const line = (entry: Record<string, unknown>) =>
  JSON.stringify({ level: "error", ts: 1, logger: "tls.obtain", ...entry });
const refused = line({
  msg: "could not get certificate from issuer",
  identifier: "a.example.test",
  issuer: "acme.example.test-dir",
  error: "HTTP 400 urn:ietf:params:acme:error:dns - No A record found",
});
const retry = line({
  msg: "will retry",
  error: "[a.example.test] Obtain: [a.example.test] solving challenge: HTTP 400 urn:ietf:params:acme:error:dns",
  attempt: 1,
  retrying_in: 60,
});

test("the authority's words are found, and whether the attempt is over", () => {
  expect(refusalIn(`starting\n${refused}\n`, "a.example.test")).toEqual({
    at: 1,
    words: "HTTP 400 urn:ietf:params:acme:error:dns - No A record found",
    givenUp: false,
  });
  expect(refusalIn(`${refused}\n${retry}\n`, "a.example.test")).toMatchObject({ givenUp: true });
});

test("another host's refusal is none, nor is a host whose name only begins alike", () => {
  expect(refusalIn(`${refused}\n${retry}\n`, "b.example.test")).toBeUndefined();
  expect(refusalIn(`${refused}\n${retry}\n`, "a.example")).toBeUndefined();
});

test("what is no error, no JSON or not of this shape is passed over", () => {
  const info = line({ level: "info", msg: "obtaining", identifier: "a.example.test", error: "x" });
  expect(refusalIn(`${info}\n{"level":\nnull\n{"a":1}\n`, "a.example.test")).toBeUndefined();
});

test("an authority's words are bounded and cannot write on a terminal", () => {
  const hostile = line({ msg: "x", identifier: "a.example.test", error: `\u001b]0;title\u0007${"a".repeat(5000)}` });
  const words = refusalIn(hostile, "a.example.test")?.words ?? "";
  expect(words.length).toBeLessThanOrEqual(600);
  expect(words).toMatch(/^a+ … a+$/);
});
