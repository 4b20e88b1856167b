import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { defineStep } from "../context.ts";

const periodicFile = "/etc/apt/apt.conf.d/20auto-upgrades";
const ownFile = "/etc/apt/apt.conf.d/52berth";
const timers = ["apt-daily.timer", "apt-daily-upgrade.timer"];

const periodic = `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
`;

// Patterns add up over files, so a list that somebody emptied has its security origins all the same; a pattern of the
// other distribution matches nothing.
const own = `// Berth: security updates every day. A reboot is never made without a person.
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=\${distro_codename},label=Debian-Security";
  "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";
  "origin=Ubuntu,archive=\${distro_codename}-security,label=Ubuntu";
};
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
`;

/** Security updates install themselves, every day. */
export const securityUpdates = defineStep({
  kind: "provision.updates",
  effect: "change",
  input: z.object({}),
  before: z.object({ wrong: z.array(z.string()) }),
  output: z.object({ every: z.literal("day") }),
  title: () => "install security updates every day",
  async observe(_input, { host }) {
    const wrong = await wrongIn(host);
    return wrong.length === 0 ? { output: { every: "day" as const } } : { before: { wrong } };
  },
  async apply(_input, _before, ctx) {
    const lock = await ctx.lock("server");
    await writeFile(lock, periodicFile, periodic, { mode: "644" });
    await writeFile(lock, ownFile, own, { mode: "644" });
    await lock.run(["systemctl", "enable", "--quiet", "--now", ...timers]);
  },
});

/** What apt makes of all its files counts, not one file. */
async function wrongIn(host: Host): Promise<string[]> {
  const effective = await host.read(["apt-config", "dump"]);
  const value = (name: string) => new RegExp(`^${name} "([^"]*)";$`, "m").exec(effective)?.[1];
  const timersRun = await host.exec(["systemctl", "is-active", "--quiet", ...timers]);
  return [
    ...["APT::Periodic::Update-Package-Lists", "APT::Periodic::Unattended-Upgrade"].filter(
      (name) => value(name) !== "1",
    ),
    ...((await readFile(host, ownFile)) === own ? [] : [ownFile]),
    ...(timersRun.code === 0 ? [] : timers),
  ];
}
