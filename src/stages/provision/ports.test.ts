import { expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { parsePorts, portsOfOthers, portsText, within } from "./ports.ts";

const web = { port: 443, protocol: "tcp" } as const;
const database = { port: 5432, protocol: "tcp" } as const;
const game = { port: 5432, protocol: "udp" } as const;

test("the same ports give the same bytes, whatever else stands with them", () => {
  expect(portsText([database, web, game])).toBe(portsText([game, { ...web, why: "HTTPS" } as typeof web, database]));
  expect(parsePorts("shop.json", portsText([database, web]))).toEqual([web, database]);
});

test("what the other stacks want is read from all of their files", async () => {
  const asked: unknown[] = [];
  const listing = `/ports/blog.json\n${portsText([web])}/ports/game.json\n${portsText([web, game])}`.trimEnd();
  const read = async (words: readonly string[]) => {
    asked.push(words.slice(4));
    return listing;
  };
  const host = { read } as unknown as Host;
  expect(await portsOfOthers(host, "shop")).toEqual([web, web, game]);
  expect(asked).toEqual([["/var/lib/berth/ports", "/var/lib/berth/ports/shop.json"]]);
  const none = { read: async () => "" } as unknown as Host;
  expect(await portsOfOthers(none, "shop")).toEqual([]);
});

test("a file that cannot be read leaves the firewall alone, and is named", () => {
  expect(() => parsePorts("/ports/blog.json", "[{")).toThrow(
    expect.objectContaining({ code: "ports_invalid", object: "/ports/blog.json" }),
  );
});

test("a port is another one by another protocol", () => {
  expect(within([database], [web, database])).toBe(true);
  expect(within([database, game], [web, database])).toBe(false);
});
