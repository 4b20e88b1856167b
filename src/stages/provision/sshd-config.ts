/** sshd reads its drop-ins by name and keeps the first value of each option, so this one lies before cloud-init's. */
export const dropIn = "/etc/ssh/sshd_config.d/00-berth.conf";

/**
 * The drop-in. `user` deploys: forwarding stays open for them, since images and the Engine's API travel by it.
 * `limitRoot`: root could log in by password before; where root login is closed further, it stays so.
 */
export function sshdDropIn({ user, limitRoot }: { user: string; limitRoot: boolean }): string {
  const keysOnly = [
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    ...(limitRoot ? ["PermitRootLogin prohibit-password"] : []),
  ];
  return [
    "# Berth: keys only. sshd keeps the first value that it reads, and it reads this file first.",
    ...keysOnly,
    "# A connection that is gone is noticed within a minute, and its lock can pass on.",
    "ClientAliveInterval 15",
    "ClientAliveCountMax 3",
    `Match User ${user}`,
    "    AllowTcpForwarding yes",
    "    AllowStreamLocalForwarding yes",
    "# A Match block wins over what stands outside of one, and of several the first: nothing brings passwords back.",
    "Match all",
    ...keysOnly.map((line) => `    ${line}`),
    "",
  ].join("\n");
}

/** `sshd -T`: option → value, names in lower case; of an option that is listed several times the first. */
export function parseEffective(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [name = "", ...value] = line.trim().split(" ");
    if (name !== "" && !options.has(name)) options.set(name, value.join(" "));
  }
  return options;
}

/** Options whose effective value is not what it must be, as `name value`; empty where all is well. */
export function wrongOptions(effective: ReadonlyMap<string, string>): string[] {
  const wanted: Record<string, (value: string) => boolean> = {
    passwordauthentication: (value) => value === "no",
    kbdinteractiveauthentication: (value) => value === "no",
    pubkeyauthentication: (value) => value === "yes",
    permitrootlogin: (value) => value !== "yes",
    allowtcpforwarding: (value) => value === "yes",
    allowstreamlocalforwarding: (value) => value === "yes",
    clientaliveinterval: (value) => value === "15",
    clientalivecountmax: (value) => value === "3",
  };
  return Object.entries(wanted).flatMap(([name, isRight]) => {
    const value = effective.get(name) ?? "(not said)";
    return isRight(value) ? [] : [`${name} ${value}`];
  });
}

/** Who logs in, and by which way. */
export interface Visitor {
  user: string;
  groups: readonly string[];
  /** The address that they come from. */
  client: string;
  /** Where sshd itself listens for them; undefined where a systemd socket does. */
  listening: { address: string; port: number } | undefined;
}

/**
 * Settings that would keep out somebody who gets in now, as `name value`; pure. What they ask of host names and networks
 * cannot be answered here and counts as fulfilled.
 */
export function lockingOut(text: string, { user, groups, client, listening }: Visitor): string[] {
  const all = (name: string) =>
    text.split("\n").flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1).trim()] : []));
  const names = (option: string) => all(option).flatMap((value) => value.split(/\s+/));
  const wrong = (option: string, isRight: (value: string) => boolean) =>
    all(option).flatMap((value) => (isRight(value) ? [] : [`${option} ${value}`]));
  const allowed = (option: string, matches: (pattern: string) => boolean) =>
    names(option).length === 0 || names(option).some(matches) ? [] : [`${option} ${names(option).join(" ")}`];
  const denied = (option: string, matches: (pattern: string) => boolean) =>
    names(option).flatMap((pattern) => (matches(pattern) ? [`${option} ${pattern}`] : []));
  const inGroup = (pattern: string) => groups.some((group) => glob(pattern, group));
  const listens = all("listenaddress").some((value) => !listening || covers(value, listening));
  return [
    ...(listens ? [] : all("listenaddress").map((value) => `listenaddress ${value}`)),
    ...allowed("allowusers", (pattern) => isUser(pattern, user, client, true)),
    ...denied("denyusers", (pattern) => isUser(pattern, user, client, false)),
    ...allowed("allowgroups", inGroup),
    ...denied("denygroups", inGroup),
    ...wrong("pubkeyauthentication", (value) => value === "yes"),
    ...wrong("authenticationmethods", (value) =>
      value.split(/\s+/).some((way) => way === "any" || way === "publickey"),
    ),
    ...wrong("forcecommand", (value) => value === "none"),
    ...wrong("chrootdirectory", (value) => value === "none"),
    ...(user === "root"
      ? wrong("permitrootlogin", (value) => ["yes", "prohibit-password", "without-password"].includes(value))
      : []),
  ];
}

/** `0.0.0.0:22`, `[::]:22`, each of one address family. */
function covers(listenAddress: string, { address, port }: { address: string; port: number }): boolean {
  const [anyone, here] = address.includes(":") ? ["[::]", `[${address}]`] : ["0.0.0.0", address];
  return [anyone, here].some((host) => listenAddress.split(" ")[0] === `${host}:${port}`);
}

/** `user` or `user@host`; `unsure` is the answer where the host is a name or a network. */
function isUser(pattern: string, user: string, client: string, unsure: boolean): boolean {
  const at = pattern.lastIndexOf("@");
  if (at < 0) return glob(pattern, user);
  const host = pattern.slice(at + 1);
  if (!glob(pattern.slice(0, at), user)) return false;
  return /^[0-9.*?]+$|^[0-9a-f:*?]+$/i.test(host) ? glob(host, client) : unsure;
}

const glob = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  ).test(text);

/** Ways to log in that sshd offers, from the words with which it refuses a client: `Permission denied (publickey).` */
export function offeredMethods(refusal: string): string[] | undefined {
  return /Permission denied \(([a-z0-9,@.-]+)\)/.exec(refusal)?.[1]?.split(",");
}
