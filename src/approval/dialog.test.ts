import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dialogKey } from "../store/meta.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { openDialog, takeDialog } from "./dialog.ts";
import { grantRequest } from "./grant.ts";
import { grantKey } from "./key.ts";
import { declineRequest, openRequest } from "./request.ts";

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-dialog-"));
  store = openStore(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const noon = Date.parse("2026-11-23T12:00:00Z");
const minutes = (count: number) => noon + count * 60_000;
const request = (letter = "a") =>
  openRequest(store, { kind: "plan", plan: letter.repeat(64), stack: "shop" }, {}, noon).id;

test("an answer counts once", () => {
  const id = request();
  const dialog = openDialog(store, id, noon);
  expect(takeDialog(store, dialog, id, noon)).toBe(true);
  expect(takeDialog(store, dialog, id, noon)).toBe(false);
});

test("an answer to a withdrawn dialog never counts, one to the newest does", () => {
  const id = request();
  const [first, second] = [openDialog(store, id, noon), openDialog(store, id, noon)];
  expect(first).not.toBe(second);
  expect(takeDialog(store, first, id, noon)).toBe(false);
  expect(takeDialog(store, second, id, noon)).toBe(true);
});

test("an answer counts for the request that it was asked about, and for no other", () => {
  const [id, other] = [request("a"), request("b")];
  const dialog = openDialog(store, id, noon);
  expect(takeDialog(store, dialog, other, noon)).toBe(false);
  expect(takeDialog(store, "made up", id, noon)).toBe(false);
  openDialog(store, other, noon);
  expect(takeDialog(store, dialog, id, noon)).toBe(true);
});

test.each<[string, (id: string) => void]>([
  ["declined", (id) => declineRequest(store, id, noon)],
  [
    "granted",
    (id) =>
      grantRequest(store, grantKey(folder).unlock(), {
        request: id,
        base: {},
        person: "ada",
        channel: "terminal",
        now: noon,
      }),
  ],
])("after a request was %s no dialog about it counts, and none is opened", (_, close) => {
  const id = request();
  const dialog = openDialog(store, id, noon);
  close(id);
  expect(takeDialog(store, dialog, id, noon)).toBe(false);
  expect(() => openDialog(store, id, noon)).toThrow(expect.objectContaining({ code: "request_closed" }));
});

test("an answer that comes after a quarter of an hour is none", () => {
  const id = request();
  const dialog = openDialog(store, id, noon);
  expect(takeDialog(store, dialog, id, minutes(15))).toBe(false);
});

test("the key is made once for all processes of a state folder", () => {
  const other = openStore(folder);
  const [first, second] = [dialogKey(store), dialogKey(other)];
  other.close();
  expect(first).toHaveLength(32);
  expect(second).toEqual(first);
});
