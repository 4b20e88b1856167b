import { expect, test } from "vitest";
import { offeredMethods, parseEffective, sshdDropIn, wrongOptions } from "./sshd-config.ts";

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
