import { expect, test } from "vitest";
import { lockingOut, offeredMethods, parseEffective, sshdDropIn, wrongOptions } from "./sshd-config.ts";

const good = `port 22
passwordauthentication no
kbdinteractiveauthentication no
pubkeyauthentication yes
permitrootlogin without-password
allowtcpforwarding yes
allowstreamlocalforwarding yes
clientaliveinterval 15
clientalivecountmax 3
listenaddress 0.0.0.0:22`;

test("a server as it must be has nothing wrong", () => {
  expect(wrongOptions(parseEffective(good))).toEqual([]);
});

test.each([
  ["passwordauthentication no", "passwordauthentication yes"],
  ["permitrootlogin without-password", "permitrootlogin yes"],
  ["allowtcpforwarding yes", "allowtcpforwarding no"],
  ["allowstreamlocalforwarding yes", "allowstreamlocalforwarding local"],
  ["clientaliveinterval 15", "clientaliveinterval 0"],
])("instead of %s, %s is named", (right, wrong) => {
  expect(wrongOptions(parseEffective(good.replace(right, wrong)))).toEqual([wrong]);
});

test("an option that sshd does not say counts as wrong", () => {
  expect(wrongOptions(parseEffective(good.replace(/^passwordauthentication.*\n/m, "")))).toEqual([
    "passwordauthentication (not said)",
  ]);
});

test("root login that somebody closed further is not opened", () => {
  expect(sshdDropIn({ user: "deploy", limitRoot: false })).not.toContain("PermitRootLogin");
  expect(sshdDropIn({ user: "root", limitRoot: true })).toContain("\nPermitRootLogin prohibit-password\n");
});

test("no Match block of a later file brings passwords back: ours for all stands before it", () => {
  const lines = sshdDropIn({ user: "deploy", limitRoot: true }).split("\n");
  expect(lines.slice(lines.indexOf("Match all"))).toEqual([
    "Match all",
    "    PasswordAuthentication no",
    "    KbdInteractiveAuthentication no",
    "    PermitRootLogin prohibit-password",
    "",
  ]);
});

test("what sshd offers is read from its refusal", () => {
  expect(offeredMethods("root@10.0.0.1: Permission denied (publickey,password).\r\n")).toEqual([
    "publickey",
    "password",
  ]);
  expect(offeredMethods("Connection refused")).toBeUndefined();
});

const visitor = {
  user: "root",
  groups: ["root", "adm"],
  client: "198.51.100.7",
  listening: { address: "203.0.113.5", port: 22 },
};
const pending = (...lines: string[]) => lockingOut([good, ...lines].join("\n"), visitor);

test("who gets in and would get in keeps nothing from being told to sshd", () => {
  expect(pending()).toEqual([]);
  expect(pending("listenaddress [::]:2222", "allowusers deploy", "allowusers root", "denygroups nogroup")).toEqual([]);
  expect(pending("allowusers r*t@198.51.100.*", "authenticationmethods publickey,password publickey")).toEqual([]);
  expect(pending("allowusers root@office.example", "denyusers root@office.example")).toEqual([]);
});

test.each([
  "allowusers deploy",
  "allowusers root@198.51.101.*",
  "denyusers ro?t",
  "allowgroups wheel",
  "denygroups adm",
  "authenticationmethods publickey,password",
  "forcecommand /bin/false",
  "chrootdirectory /srv",
])("%s would lock root out", (line) => {
  expect(pending(line)).toEqual([line]);
});

test.each([
  ["listenaddress 0.0.0.0:22", "listenaddress 0.0.0.0:2222"],
  ["listenaddress 0.0.0.0:22", "listenaddress 203.0.113.6:22"],
  ["listenaddress 0.0.0.0:22", "listenaddress [::]:22"],
  ["pubkeyauthentication yes", "pubkeyauthentication no"],
  ["permitrootlogin without-password", "permitrootlogin no"],
])("instead of %s, %s would lock root out", (now, then) => {
  expect(lockingOut(good.replace(now, then), visitor)).toEqual([then]);
});

test("where a socket of systemd's listens, sshd's own addresses say nothing", () => {
  const text = good.replace("0.0.0.0:22", "0.0.0.0:2222");
  expect(lockingOut(text, { ...visitor, listening: undefined })).toEqual([]);
});
