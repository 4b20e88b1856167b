import { expect, test } from "vitest";
import { differences, renderDifferences } from "./differences.ts";
import { plan } from "./plan-fixture.ts";
import type { Plan, Service } from "./schema.ts";

const why = "for a test";
const web = (over: Partial<Service>): Plan => ({
  ...plan,
  services: plan.services.map((one) => (one.name === "web" ? { ...one, ...over } : one)),
});
const env = (more: Service["env"]) => web({ env: { ...plan.services[0]?.env, ...more } });

test("another content of the source, or another reason, is no difference of settings", () => {
  const image = {
    service: "web",
    repository: "berth/shop-web",
    folder: ".",
    dockerfile: "FROM x",
    args: {},
    bases: [],
  };
  const before = { ...plan, images: [{ ...image, tag: "a", context: "0".repeat(64) }] };
  const after = {
    ...web({ image: "berth/shop-web:2", strategy: { kind: "overlap", why: "another" } }),
    source: { ...plan.source, revision: "r2", contentHash: "1".repeat(64) },
    images: [{ ...image, tag: "b", context: "1".repeat(64) }],
    reasons: [{ about: "web", text: "because" }],
    risks: [{ about: "web", text: "a release stops it" }],
  };
  expect(differences(before, after)).toEqual([]);
});

test("where it is reached comes first, then what runs, then what is kept", () => {
  const after = {
    ...web({ memoryMegabytes: 256 }),
    volumes: [],
    backing: [],
    routes: [{ host: "www.example.com", path: "/", service: "web", strip: false }],
  };
  expect(differences(plan, after).map((line) => line.split(":")[0])).toEqual([
    "routes.shop.example.com",
    "routes.www.example.com",
    "backing.postgres",
    "services.web.memoryMegabytes",
    "volumes.shop-postgres",
    "volumes.shop-uploads",
  ]);
});

test("a variable shows its value, and where it is a secret only the name of that", () => {
  const before = env({ MODE: { from: "value", value: "production", why }, OLD: { from: "value", value: "1", why } });
  const after = env({
    MODE: { from: "value", value: "debug", why: "wished" },
    KEY: { from: "secret", secret: "session", why },
    why: { from: "value", value: "not", why },
  });
  expect(differences(before, after)).toEqual([
    'services.web.env.KEY: {"from":"secret","secret":"session","why… (was none)',
    'services.web.env.MODE.value: "debug" (was "production")',
    'services.web.env.OLD: none (was "1")',
    'services.web.env.why: "not" (was none)',
  ]);
});

test("a long value is shown from where it differs on", () => {
  const long = (end: string) => env({ LIST: { from: "value", value: `${"item,".repeat(40)}${end}`, why } });
  expect(differences(long("one"), long("two"))).toEqual(['services.web.env.LIST.value: …item,two" (was …item,one")']);
});

test("on a terminal no value forges a line", () => {
  const hash = "a".repeat(64);
  const after = env({ "X\nMind": { from: "value", value: "\u001b[2J\nCost: nothing \u202e", why } });
  const text = renderDifferences({ plan, hash, appliedOn: undefined }, after);
  expect(text.split("\n")).toEqual([
    "Settings that differ from plan aaaaaaaaaaaa, which stands: 1",
    '  * services.web.env.X\\nMind: "\\u001b[2J\\nCost: nothing \\u{202e}" (was none)',
  ]);
});
