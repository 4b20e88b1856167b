import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { openStore } from "../store/open.ts";
import { runStore } from "../store/runs.ts";
import type { Store } from "../store/store.ts";
import { agentIn, assertPerson } from "./agent.ts";
import { flagRefusal } from "./flag.ts";
import { findGrant, grantRequest, spend, verifyGrant } from "./grant.ts";
import { grantKey, setPassphrase } from "./key.ts";
import { driftOf, type Operation, operationHash } from "./operation.ts";
import { declineRequest, openRequest, requestsToAnswer } from "./request.ts";

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-approval-"));
  store = openStore(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const noon = Date.parse("2026-11-23T12:00:00Z");
const minutes = (count: number) => noon + count * 60_000;
const plan = (letter: string): Operation => ({ kind: "plan", plan: letter.repeat(64), stack: "shop" });
const base = { "stack.serial": "4", "server.web-1.hostKey": "SHA256:abc" };
const failing = (code: string) => expect.objectContaining({ code });
const Part = z.object({ part: z.string() });

function grant(operation = plan("a"), now = noon) {
  const request = openRequest(store, operation, base, now).id;
  return grantRequest(store, grantKey(folder).unlock(), { request, base, person: "ada", channel: "terminal", now });
}
const verify = (
  id: string,
  over: { operation?: Operation; base?: Record<string, string>; ownWork?: () => string[]; now?: number } = {},
) => verifyGrant(store, grantKey(folder).publicKey, id, { operation: plan("a"), base, now: noon, ...over });
const find = (operation: Operation, now = noon) =>
  findGrant(store, grantKey(folder).publicKey, { operation, base, now });
const edit = (sql: string, ...values: string[]) => store.run(sql, ...values);

test("a person's yes covers the operation that was shown, and no other", () => {
  const { id, person } = grant();
  expect(verify(id).person).toBe(person);
  expect(() => verify(id, { operation: plan("b") })).toThrow(failing("grant_invalid"));
  expect(find(plan("a"))?.id).toBe(id);
  expect(find(plan("b"))).toBeUndefined();
});

test("an act is granted with its exact arguments", () => {
  const act = (argv: string[]): Operation => ({ kind: "act", act: "command", arguments: { server: "web-1", argv } });
  expect(operationHash(act(["ls", "-l"]))).not.toBe(operationHash(act(["ls -l"])));
  const { id } = grant(act(["ls"]));
  expect(verify(id, { operation: act(["ls"]) }).id).toBe(id);
  expect(() => verify(id, { operation: act(["rm"]) })).toThrow(failing("grant_invalid"));
});

test("a question that is asked again is the same request, until its base changes", () => {
  const first = openRequest(store, plan("a"), base, noon);
  expect(openRequest(store, plan("a"), base, minutes(5)).id).toBe(first.id);
  expect(openRequest(store, plan("a"), { ...base, "stack.serial": "5" }, noon).id).not.toBe(first.id);
  expect(openRequest(store, plan("a"), base, minutes(15)).id).not.toBe(first.id);
  expect(requestsToAnswer(store, minutes(20))).toHaveLength(1);
});

test("a request is answered once, within 15 minutes, against the base that was shown", () => {
  const key = grantKey(folder).unlock();
  const answer = (request: string, over = {}) =>
    grantRequest(store, key, { request, base, person: "ada", channel: "terminal", now: noon, ...over });
  const declined = openRequest(store, plan("a"), base, noon).id;
  declineRequest(store, declined, noon);
  expect(() => answer(declined)).toThrow(failing("request_closed"));
  const late = openRequest(store, plan("a"), base, noon).id;
  expect(() => answer(late, { now: minutes(15) })).toThrow(failing("request_closed"));
  expect(() => answer(late, { base: { ...base, "stack.serial": "5" } })).toThrow(
    expect.objectContaining({ code: "base_changed", cause: "Changed: stack.serial" }),
  );
  answer(late);
  expect(() => answer(late)).toThrow(failing("request_closed"));
  expect(() => declineRequest(store, late, noon)).toThrow(failing("request_closed"));
  expect(() => answer("request_none")).toThrow(failing("no_such_request"));
});

test("a grant does not outlive its base, but what its own parts changed does not count", () => {
  const { id } = grant();
  const changed = { ...base, "server.web-1.hostKey": "SHA256:xyz" };
  expect(() => verify(id, { base: changed })).toThrow(failing("base_changed"));
  expect(verify(id, { base: changed, ownWork: () => ["server.web-1.hostKey"] }).id).toBe(id);
  expect(driftOf(base, { "stack.serial": "4", "disk.free": "1" })).toEqual(["disk.free", "server.web-1.hostKey"]);
});

test("a grant runs out", () => {
  const { id, expires } = grant();
  expect(verify(id, { now: expires - 1 }).id).toBe(id);
  expect(() => verify(id, { now: expires })).toThrow(failing("grant_expired"));
  expect(find(plan("a"), expires)).toBeUndefined();
});

const unsigned = expect.objectContaining({ code: "grant_invalid", cause: expect.stringContaining("signed") });

test.each<[string, (id: string) => void]>([
  ["whose text was edited", () => edit("UPDATE grants SET body = replace(body, 'ada', 'eve')")],
  ["whose signature is missing", () => edit("UPDATE grants SET signature = ''")],
])("a grant %s is none", (_, forge) => {
  const { id } = grant();
  forge(id);
  expect(() => verify(id)).toThrow(unsigned);
});

test("a grant whose operation was exchanged for another is none", () => {
  const { id } = grant();
  edit("UPDATE grants SET body = replace(body, ?, ?)", operationHash(plan("a")), operationHash(plan("b")));
  expect(() => verify(id, { operation: plan("b") })).toThrow(unsigned);
});

test("a grant that was copied to be spent again is none", () => {
  const { id } = grant();
  const other = openRequest(store, plan("a"), base, noon).id;
  edit("INSERT INTO grants SELECT 'grant_copy', ?, body, signature FROM grants", other);
  expect(() => verify("grant_copy")).toThrow(unsigned);
  expect(verify(id).id).toBe(id);
});

test("a grant signed with another key is none", () => {
  const request = openRequest(store, plan("a"), base, noon).id;
  const { privateKey } = generateKeyPairSync("ed25519");
  const { id } = grantRequest(store, privateKey, { request, base, person: "eve", channel: "terminal", now: noon });
  expect(() => verify(id)).toThrow(failing("grant_invalid"));
  expect(find(plan("a"))).toBeUndefined();
});

test("each part is spent once, and a repeated call gets the run that has it", () => {
  const { id } = grant();
  let opened = 0;
  const open = () => {
    const run = { id: `run_${++opened}`, stack: "shop", operation: {}, grant: id, parts: [], calls: [] };
    runStore(store).addRun({ ...run, version: "0.1.0", created: "" });
    return run.id;
  };
  expect(spend(store, id, ["provision"], open)).toEqual({ run: "run_1", fresh: true });
  expect(spend(store, id, ["provision"], open)).toEqual({ run: "run_1", fresh: false });
  expect(spend(store, id, ["build", "deploy"], open)).toEqual({ run: "run_2", fresh: true });
  expect(() => spend(store, id, ["provision", "build"], open)).toThrow(failing("part_spent"));
  expect(opened).toBe(2);
});

test("a part whose run cannot be made is not spent", () => {
  const { id } = grant();
  const fail = () => {
    throw new Error("disk full");
  };
  expect(() => spend(store, id, ["build"], fail)).toThrow("disk full");
  expect(store.all(Part, "SELECT part FROM spendings")).toEqual([]);
});

test("the key stays the same, for its owner alone, and a damaged one is refused", () => {
  const first = grantKey(folder).publicKey.export({ format: "der", type: "spki" });
  expect(grantKey(folder).publicKey.export({ format: "der", type: "spki" })).toEqual(first);
  const path = join(folder, "grant-key.json");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  for (const text of ["", "{}", readFileSync(path, "utf8").replace(/"publicKey":"[^"]*"/, '"publicKey":"AAAA"')]) {
    writeFileSync(path, text);
    expect(() => grantKey(folder)).toThrow(failing("grant_key_damaged"));
  }
});

test("a passphrase seals the key: grants made before still count, new ones need it", () => {
  const { id } = grant();
  setPassphrase(folder, undefined, "correct horse");
  expect(grantKey(folder).sealed).toBe(true);
  expect(verify(id).id).toBe(id);
  expect(() => grantKey(folder).unlock()).toThrow(failing("passphrase_needed"));
  expect(() => grantKey(folder).unlock("wrong")).toThrow(failing("passphrase_wrong"));
  expect(grantKey(folder).unlock("correct horse").asymmetricKeyType).toBe("ed25519");
  expect(() => setPassphrase(folder, "wrong", undefined)).toThrow(failing("passphrase_wrong"));
  setPassphrase(folder, "correct horse", undefined);
  expect(grantKey(folder).unlock().asymmetricKeyType).toBe("ed25519");
}, 60_000);

test("an agent's environment is refused, a person's is not", () => {
  expect(agentIn({ PATH: "/bin", CLAUDECODE: "1" })).toBe("CLAUDECODE");
  expect(agentIn({ PATH: "/bin", CLAUDECODE: "" })).toBeUndefined();
  expect(() => assertPerson(store, { CURSOR_AGENT: "1" }, ["192.0.2.1"])).toThrow(
    expect.objectContaining({ code: "agent_refused", cause: expect.stringContaining("CURSOR_AGENT") }),
  );
  expect(assertPerson(store, { TERM: "xterm" }, [])).toBeUndefined();
});

test("in a demo's store an agent may grant for the lab's servers, and for no others", () => {
  const demoFolder = join(folder, "demo");
  const demo = openStore(demoFolder, { demo: { networks: ["10.210.0.0/18", "fd10:210::/64"] } });
  const agent = (...servers: string[]) => assertPerson(demo, { CLAUDECODE: "1" }, servers);
  expect(agent("10.210.0.2", "fd10:210::2")).toBeUndefined();
  for (const servers of [["203.0.113.9"], ["10.210.0.2", "203.0.113.9"], ["10.210.64.1"], ["shop.example"], []])
    expect(() => agent(...servers)).toThrow(failing("agent_refused"));
  demo.close();
});

test("--yes stands for consent only to a new stack on a server at hand, without cost, loss or passphrase", () => {
  const yes = { newStack: true, serverAtHand: true, costs: false, destroys: false, sealed: false };
  expect(flagRefusal(yes)).toBeUndefined();
  const flips = [{ newStack: false }, { serverAtHand: false }, { costs: true }, { destroys: true }, { sealed: true }];
  for (const flip of flips) expect(flagRefusal({ ...yes, ...flip })).toBeTypeOf("string");
});
