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

/** Ways to log in that sshd offers, from the words with which it refuses a client: `Permission denied (publickey).` */
export function offeredMethods(refusal: string): string[] | undefined {
  return /Permission denied \(([a-z0-9,@.-]+)\)/.exec(refusal)?.[1]?.split(",");
}
