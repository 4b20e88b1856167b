import { expect, test } from "vitest";
import { firewallRules } from "./firewall-rules.ts";

const web = [
  { port: 443, protocol: "tcp" },
  { port: 80, protocol: "tcp" },
] as const;

test("the same ports give the same bytes, in any order and however often", () => {
  const one = firewallRules({ sshPorts: [22, 2222], openPorts: web });
  expect(firewallRules({ sshPorts: [2222, 22, 22], openPorts: [...web].reverse() })).toBe(one);
});

test("ssh and the plan's ports are let in, published ports by what was asked for before Docker turned it", () => {
  const rules = firewallRules({ sshPorts: [2222], openPorts: [...web, { port: 51820, protocol: "udp" }] });
  expect(rules).toContain("    tcp dport { 80, 443, 2222 } accept\n    udp dport { 51820 } accept\n");
  expect(rules).toContain("meta l4proto tcp ct status dnat ct original proto-dst { 80, 443, 2222 } accept");
  expect(rules).toContain("meta l4proto udp ct status dnat ct original proto-dst { 51820 } accept");
});

test("everything else is dropped, and an empty protocol makes no empty set, which nft would refuse", () => {
  const rules = firewallRules({ sshPorts: [22], openPorts: [] });
  expect(rules).toContain("type filter hook input priority filter; policy drop;");
  expect(rules).not.toContain("{  }");
  expect(rules).not.toMatch(/udp dport \{/);
});

test("it replaces its own table and flushes nobody's", () => {
  const rules = firewallRules({ sshPorts: [22], openPorts: web });
  expect(rules).not.toContain("flush");
  expect(rules.match(/^(table|delete table) .*$/gm)).toEqual([
    "table inet berth",
    "delete table inet berth",
    "table inet berth {",
  ]);
});
