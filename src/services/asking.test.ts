import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { grantKey, setPassphrase } from "../approval/key.ts";
import type { Operation } from "../approval/operation.ts";
import { declineRequest, requestsToAnswer } from "../approval/request.ts";
import { hear, type Matter } from "./asking.ts";
import { openedBerth } from "./fixture.ts";
import { grant } from "./grants.ts";
import type { Answer, Asker, Question } from "./surface.ts";

const berths: ReturnType<typeof openedBerth>[] = [];
const opened = (...change: Parameters<typeof openedBerth>) => {
  const berth = openedBerth(...change);
  berths.push(berth);
  return berth;
};
afterEach(() => {
  for (const berth of berths.splice(0)) berth.remove();
});

const operation: Operation = { kind: "plan", plan: "a".repeat(64), stack: "shop" };
const matter = (change: Partial<Matter> = {}): Matter => ({
  operation,
  base: { serial: "4" },
  baseNow: () => ({ serial: "4" }),
  message: (request) => `Apply it? ${request}`,
  word: "shop",
  grave: false,
  ...change,
});

/** Somebody who answers so, and may do something else before. */
function asker(answer: Answer, before: (question: Question) => void = () => undefined): Asker & { asked: Question[] } {
  const asked: Question[] = [];
  const ask = async (question: Question) => {
    asked.push(question);
    before(question);
    return answer;
  };
  return { client: "test-client 1.0", open: undefined, ask, asked };
}

test("a yes through the client is a grant that says through whom it came", async () => {
  const berth = opened();
  const heard = await hear(berth, matter(), asker("yes"));
  expect(heard).toMatchObject({
    status: "granted",
    grant: { channel: "elicitation", person: "tester via test-client 1.0", base: { serial: "4" } },
  });
  expect(requestsToAnswer(berth.store, Date.now())).toEqual([]);
});

test("a no closes the request, silence and a client that cannot ask leave it open", async () => {
  const berth = opened();
  for (const why of ["unanswered", "unable"] as const)
    expect(await hear(berth, matter(), asker(why))).toMatchObject({ status: "approval_required", why });
  const [request] = requestsToAnswer(berth.store, Date.now());
  expect(requestsToAnswer(berth.store, Date.now())).toHaveLength(1);
  expect(await hear(berth, matter(), asker("no"))).toEqual({ status: "declined", request: request?.id });
  expect(requestsToAnswer(berth.store, Date.now())).toEqual([]);
});

test("where a passphrase seals approvals, no client is asked", async () => {
  const berth = opened();
  setPassphrase(berth.config.home, undefined, "correct horse");
  const person = asker("yes");
  const sealed = { ...berth, grantKey: grantKey(berth.config.home) };
  expect(await hear(sealed, matter(), person)).toMatchObject({ status: "approval_required", why: "passphrase" });
  expect(person.asked).toEqual([]);
}, 60_000);

test("how far a client's yes counts is a setting, and what is grave is typed whatever it says", async () => {
  const off = asker("yes");
  const never = await hear(opened({ elicitation: "off" }), matter(), off);
  expect(never).toMatchObject({ status: "approval_required", why: "unable" });
  expect(off.asked).toEqual([]);
  const typed = async (elicitation: "accept" | "typed", grave: boolean) => {
    const person = asker("yes");
    await hear(opened({ elicitation }), matter({ grave }), person);
    return person.asked[0]?.typed;
  };
  expect(await typed("accept", false)).toBeNull();
  expect(await typed("typed", false)).toBe("shop");
  expect(await typed("accept", true)).toBe("shop");
});

test("what the asker throws passes through, and the next call finds the same request", async () => {
  const berth = opened();
  const signal = Symbol("the answer comes later");
  const later = asker("yes", () => {
    throw signal;
  });
  await expect(hear(berth, matter(), later)).rejects.toBe(signal);
  const person = asker("yes");
  await hear(berth, matter(), person);
  expect(person.asked).toEqual(later.asked);
});

test("a yes that comes after something else was applied is none", async () => {
  const berth = opened();
  const changed = matter({ baseNow: () => ({ serial: "5" }) });
  await expect(hear(berth, changed, asker("yes"))).rejects.toMatchObject({ code: "base_changed" });
  expect(requestsToAnswer(berth.store, Date.now())).toHaveLength(1);
});

test("a yes on a terminal while the dialog was open counts, a no there does too", async () => {
  const berth = opened();
  const yes = ({ request }: Question) => void grant(berth, { base: { serial: "4" } }, { id: request }, "terminal");
  for (const [n, answer] of (["unanswered", "unable", "yes"] as const).entries()) {
    const plan = { ...operation, plan: String(n).repeat(64) };
    const heard = await hear(berth, matter({ operation: plan }), asker(answer, yes));
    expect(heard).toMatchObject({ status: "granted", grant: { channel: "terminal", person: "tester" } });
  }
  expect(await hear(berth, matter(), asker("no", yes))).toMatchObject({ status: "declined" });
  const no = ({ request }: Question) => declineRequest(berth.store, request, Date.now());
  const other = matter({ operation: { ...operation, plan: "f".repeat(64) } });
  for (const answer of ["yes", "unanswered"] as const)
    expect(await hear(berth, other, asker(answer, no))).toMatchObject({ status: "declined" });
});

test("no answer but yes makes a grant", async () => {
  const berth = opened();
  const odd = ["Yes", "accept", "", undefined, true, { approve: true }] as unknown as Answer[];
  for (const answer of odd) {
    const heard = await hear(berth, matter(), asker(answer));
    expect(heard).toMatchObject({ status: "approval_required" });
  }
  expect(berth.store.all(z.unknown(), "SELECT id FROM grants")).toEqual([]);
});
