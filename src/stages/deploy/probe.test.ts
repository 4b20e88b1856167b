import { expect, test } from "vitest";
import { answerOf, redirectOf } from "./probe.ts";

const from = { base: "http://172.30.0.10:3000", at: "/healthz", name: "shop.example.com" };
const redirect = (status: number, location: string) => redirectOf({ status, location }, from);

test.each([
  ["a path", "/up", "/up"],
  ["a relative path", "up?x=1", "/up?x=1"],
  ["the public name, by https", "https://shop.example.com/login", "/login"],
  ["the address itself", "http://172.30.0.10:3000/up", "/up"],
  ["another host", "https://login.example.com/", undefined],
  ["the same address on another port", "http://172.30.0.10:8080/", undefined],
  ["nowhere", "http://[", undefined],
])("a redirect to %s", (_, location, path) => {
  expect(redirect(302, location)).toBe(path);
});

test("only a redirect is one", () => {
  expect(redirect(200, "/up")).toBeUndefined();
  expect(redirect(304, "/up")).toBeUndefined();
});

test.each([
  ["200 0 ", { kind: "status", status: 200, location: "", body: "ok" }],
  ["301 0 https://a.example/\r\n", { kind: "status", status: 301, location: "https://a.example/", body: "ok" }],
  // A long body is cut by us, which ends curl early: the status stands.
  ["200 23 ", { kind: "status", status: 200, location: "", body: "ok" }],
  ["000 7 ", { kind: "refused" }],
  ["000 52 ", { kind: "silent", words: "it closes the connection without an answer" }],
  ["000 35 ", { kind: "silent", words: "curl ended with 35" }],
  ["", { kind: "silent", words: "curl ended with 0" }],
])("curl's %j", (facts, answer) => {
  expect(answerOf("ok", facts)).toEqual(answer);
});
