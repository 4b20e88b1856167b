import { expect, test } from "vitest";
import { readSockets } from "./see.ts";

test("who listens where, IPv4 and IPv6, with and without a process", () => {
  const printed = [
    'LISTEN 0      4096         *:8441      *:*    users:(("caddy",pid=4021,fd=9))           ',
    'LISTEN 0      128    0.0.0.0:22   0.0.0.0:*    users:(("sshd",pid=71,fd=3),("systemd",pid=1,fd=44))',
    "LISTEN 0      4096     [::1]:631     [::]:*",
  ].join("\n");
  expect(readSockets(printed)).toEqual([
    { port: 8441, pids: [4021] },
    { port: 22, pids: [71, 1] },
    { port: 631, pids: [] },
  ]);
  expect(readSockets("")).toEqual([]);
});
