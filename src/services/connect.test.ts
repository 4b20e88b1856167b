import { afterEach, beforeEach, expect, test } from "vitest";
import { serverOf, servers } from "../store/servers.ts";
import { findServer, noteServer, pinServer } from "./connect.ts";
import { openedBerth } from "./fixture.ts";
import { addServer } from "./servers.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());
const find = (wanted: string) => findServer(berth.config, berth.store, wanted);

test("an address that nobody answered at is not known afterwards", async () => {
  expect(await find("wbe1")).toMatchObject({ name: "wbe1" });
  expect(servers(berth.store)).toEqual([]);
});

test("an address is noted under its host, and known again", async () => {
  const found = await find("ssh://root@192.0.2.7");
  expect(found).toMatchObject({ name: "192.0.2.7", pinned: undefined });
  noteServer(berth.store, found);
  expect(await find("192.0.2.7")).toMatchObject({ target: { host: "192.0.2.7", port: 22, user: "root" } });
  expect(servers(berth.store)).toHaveLength(1);
});

test("an address that sounds like a server's name leaves the name where it leads", async () => {
  addServer(berth, "prod", "ssh://root@192.0.2.7:2222", undefined);
  await expect(find("ssh://root@prod")).rejects.toMatchObject({ code: "server_name_taken", object: "prod" });
  expect(await find("prod")).toMatchObject({ target: { host: "192.0.2.7", port: 2222 } });
  expect(servers(berth.store)).toHaveLength(1);
});

test("the same machine in other words is the one that is known, with the key that it is known by", async () => {
  addServer(berth, "192.0.2.7", "ssh://root@192.0.2.7", "/keys/mine");
  const again = await find("root@192.0.2.7:22");
  expect(again).toMatchObject({ name: "192.0.2.7" });
  expect(again.target.identityFiles).toContain("/keys/mine");
  expect(serverOf(berth.store, "192.0.2.7")).toMatchObject({ target: "ssh://root@192.0.2.7" });
});

test("what was pinned meanwhile stays pinned", async () => {
  const found = await find("192.0.2.7");
  noteServer(berth.store, found);
  pinServer(berth.store, found.name, "SHA256:key");
  noteServer(berth.store, found);
  expect(serverOf(berth.store, "192.0.2.7")).toMatchObject({ hostKey: "SHA256:key" });
});
