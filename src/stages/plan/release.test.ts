import { describe, expect, test } from "vitest";
import { plan } from "./plan-fixture.ts";
import { releaseOf, secretsOf, specOf } from "./release.ts";
import type { Plan } from "./schema.ts";

type Change = (copy: Plan) => void;

const changed = (change: Change): Plan => {
  const copy = structuredClone(plan);
  change(copy);
  return copy;
};
const web = (of: Plan) => {
  const service = of.services.find(({ name }) => name === "web");
  if (!service) throw new Error("no web");
  return service;
};
const postgres = (of: Plan) => {
  const [backing] = of.backing;
  if (!backing) throw new Error("no postgres");
  return backing;
};
const rotate: Change = ({ secrets }) => {
  for (const secret of secrets) if (secret.origin === "given") secret.fingerprint = "f2";
};

describe("a container is made anew", () => {
  test.each<[string, Change]>([
    ["another image", (copy) => Object.assign(web(copy), { image: "berth/shop-web:2" })],
    ["another value", (copy) => Object.assign(web(copy).env, { PORT: { from: "value", value: "3001", why: "" } })],
    ["a rotated secret that it uses", rotate],
    ["another mount", (copy) => web(copy).mounts.push({ volume: "v", path: "/v", why: "" })],
    ["more processors", (copy) => Object.assign(web(copy), { cpus: 2 })],
    ["a published port", (copy) => web(copy).published.push({ port: 1, hostPort: 1, protocol: "tcp", why: "" })],
    ["more memory", (copy) => Object.assign(web(copy), { memoryMegabytes: 1024 })],
    ["another user", (copy) => Object.assign(web(copy), { user: "1001" })],
    ["another health path", (copy) => Object.assign(web(copy).health, { path: "/up" })],
  ])("for %s", (_, change) => {
    const other = changed(change);
    expect(specOf(web(other), other)).not.toBe(specOf(web(plan), plan));
    expect(releaseOf(other)).not.toBe(releaseOf(plan));
  });

  test.each<[string, Change]>([
    ["another reason", (copy) => Object.assign(web(copy).health, { why: "told otherwise" })],
    ["another reason for a value", (copy) => Object.assign(web(copy).env["PORT"] ?? {}, { why: "told otherwise" })],
    ["other addresses", (copy) => Object.assign(web(copy), { addresses: [["172.30.0.20", "172.30.0.21"]] })],
    ["more replicas", (copy) => Object.assign(web(copy), { replicas: 3 })],
    [
      "another domain",
      (copy) => Object.assign(copy, { routes: [{ host: "b.example.com", path: "/", service: "web", strip: false }] }),
    ],
  ])("but not for %s", (_, change) => {
    const other = changed(change);
    expect(specOf(web(other), other)).toBe(specOf(web(plan), plan));
  });

  test("a database stays when only a secret of another service is rotated", () => {
    const other = changed(rotate);
    expect(specOf(postgres(other), other)).toBe(specOf(postgres(plan), plan));
  });

  test("a variable that is named why is no reason", () => {
    const other = changed((copy) => Object.assign(web(copy).env, { why: { from: "value", value: "x", why: "" } }));
    expect(specOf(web(other), other)).not.toBe(specOf(web(plan), plan));
  });
});

test("the release stays when nothing that runs has changed", () => {
  const other = changed((copy) => {
    copy.reasons.push({ about: "web", text: "another sentence" });
    copy.build.on = "here";
    Object.assign(web(copy).strategy, { why: "told otherwise" });
  });
  expect(releaseOf(other)).toBe(releaseOf(plan));
  expect(releaseOf(plan)).toMatch(/^[0-9a-f]{10}$/);
});

test("a service has the secrets that its environment is made of, references included, and no others", () => {
  expect(secretsOf(web(plan), plan).map(({ name }) => name)).toEqual(["postgres-password", "session"]);
  expect(secretsOf(postgres(plan), plan).map(({ name }) => name)).toEqual(["postgres-password"]);
  const without = changed((copy) => Object.assign(copy, { secrets: [] }));
  expect(() => secretsOf(web(without), without)).toThrow(expect.objectContaining({ code: "secret_unplanned" }));
});
