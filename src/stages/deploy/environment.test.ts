import { expect, test } from "vitest";
import { plan } from "../plan/plan-fixture.ts";
import { resolveEnv } from "./environment.ts";

const env = plan.services.find(({ name }) => name === "web")?.env ?? {};

test("values, secrets and texts around secrets become an environment", () => {
  const secrets = new Map([
    ["session", "s3cret"],
    ["postgres-password", "pw"],
  ]);
  expect([...resolveEnv(env, secrets)]).toEqual([
    ["DATABASE_URL", "postgres://shop:pw@postgres/shop"],
    ["PORT", "3000"],
    ["SESSION_SECRET", "s3cret"],
  ]);
});

test("a missing secret is an error, never an empty value", () => {
  expect(() => resolveEnv(env, new Map([["session", "s3cret"]]))).toThrow("no value for the secret postgres-password");
});

test("the same variables in another order are the same file", () => {
  const secrets = new Map([
    ["session", "s3cret"],
    ["postgres-password", "pw"],
  ]);
  const turned = Object.fromEntries(Object.entries(env).reverse());
  expect([...resolveEnv(turned, secrets)]).toEqual([...resolveEnv(env, secrets)]);
});
