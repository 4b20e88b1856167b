import { afterEach, expect, test } from "vitest";
import { BerthError } from "../kit/error.ts";
import { fingerprint } from "../secrets/fingerprint.ts";
import { secret } from "../secrets/value.ts";
import type { KeptStack } from "../stages/operate/adopt.ts";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan, planHash } from "../stages/plan/make.ts";
import { putServer, servers } from "../store/servers.ts";
import { stackOf } from "../store/stacks.ts";
import { type Adoption, adopt } from "./adopt.ts";
import { openedBerth } from "./fixture.ts";
import { earlierPlan } from "./run-facts.ts";
import { standingPlan } from "./stack-facts.ts";
import { standingOf, unknownHere } from "./standing.ts";

const open: ReturnType<typeof openedBerth>[] = [];
const opened = () => {
  const berth = openedBerth();
  open.push(berth);
  return berth;
};
afterEach(() => {
  for (const one of open.splice(0)) one.remove();
});

const plan = makePlan(planInput());
const { stack } = plan;
const before = { ...plan, source: { ...plan.source, revision: "before" } };
const key = "cd".repeat(32);
const kept: KeptStack = {
  stack,
  serial: 4,
  applied: { hash: planHash(plan), plan, at: "2026-01-02T03:04:05.000Z" },
  earlier: [{ hash: planHash(before), plan: before, at: "2026-01-01T03:04:05.000Z" }],
  key,
  values: [
    { name: "API_KEY", value: "the earlier one" },
    { name: "API_KEY", value: "the one that stands" },
  ],
  missing: [],
};
const { name, host, port } = plan.server;
const server: Adoption["server"] = {
  name,
  target: {
    ...{ host, port, user: "root", identityFiles: [], identitiesOnly: false },
    agent: undefined,
    knownHostsFiles: [],
    jumps: [],
  },
  pinned: undefined,
  stored: { name, target: `ssh://root@${host}`, hostKey: null, facts: {}, updated: "" },
};
const adoption: Adoption = { server, hostKey: "SHA256:shown", stacks: [kept], refused: [] };

test("afterwards this computer knows what the one before it knew", () => {
  const berth = opened();
  adopt(berth, adoption);
  expect(servers(berth.store)).toMatchObject([{ name, hostKey: "SHA256:shown" }]);
  expect(stackOf(berth.store, stack)).toMatchObject({ server: name, serial: 4, appliedPlan: planHash(plan) });
  expect(standingPlan(berth, stack)).toEqual(plan);
  expect(earlierPlan(berth, stack)).toBe(planHash(before));
  const applied = { serial: 4, planHash: planHash(plan), plan: {} };
  expect(standingOf(berth.store, { stack, server: name }, applied)).toMatchObject({ last: plan, unknownHere: false });
});

test("given values have the fingerprints that the plans on the server name, and no other becomes the newest", () => {
  const berth = opened();
  // What was set here before the adoption had a key of its own.
  berth.secrets.set(stack, "API_KEY", "typed before");
  adopt(berth, adoption);
  const print = (value: string) => fingerprint(key, secret(value));
  expect(berth.secrets.fingerprints(stack)).toEqual({ API_KEY: print("the one that stands") });
  expect(berth.secrets.value(stack, "API_KEY", print("the earlier one")).reveal()).toBe("the earlier one");
  expect(berth.secrets.fingerprintKey(stack)).toBe(key);
});

test("adopting again changes nothing, and what is called for no values leaves those that are here", () => {
  const berth = opened();
  adopt(berth, adoption);
  const prints = berth.secrets.fingerprints(stack);
  adopt(berth, adoption);
  adopt(berth, { ...adoption, stacks: [{ ...kept, key: null, values: [] }] });
  expect(berth.secrets.fingerprints(stack)).toEqual(prints);
  expect(earlierPlan(berth, stack)).toBe(planHash(before));
});

test("the name that an earlier try gave the same address goes, one that is pinned stays", () => {
  const berth = opened();
  for (const [other, hostKey] of [
    ["tried", null],
    ["pinned", "SHA256:x"],
  ] as const)
    putServer(berth.store, { ...server.stored, name: other, hostKey });
  adopt(berth, adoption);
  expect(
    servers(berth.store)
      .map((one) => one.name)
      .sort(),
  ).toEqual([name, "pinned"].sort());
});

test("who does not know a stack is told the command that reads it", () => {
  const failure = unknownHere("shop", "prod");
  expect(failure).toBeInstanceOf(BerthError);
  expect(failure).toMatchObject({
    code: "stack_unknown_here",
    next: expect.stringContaining("berth adopt prod --stack shop"),
  });
});
