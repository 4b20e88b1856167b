import { z } from "zod";
import { forget, look, runAct } from "../../host/acts.ts";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { hashOf } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";
import { defineStep, type StageContext } from "../context.ts";

const Input = z.object({ packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/)) });

/** Packages of the distribution. What is there already is neither upgraded nor restarted. */
export const installPackages = defineStep({
  kind: "provision.packages",
  effect: "change",
  input: Input,
  before: z.object({ missing: z.array(z.string()) }),
  output: z.object({ installed: z.int() }),
  title: ({ packages }) => `install ${packages.length} packages`,
  async observe({ packages }, ctx) {
    const missing = await missingOf(packages, ctx.host);
    return missing.length === 0 ? { output: { installed: packages.length } } : { before: { missing } };
  },
  apply: ({ packages }, _before, ctx) => install(packages, ctx),
});

async function missingOf(packages: readonly string[], host: Host): Promise<string[]> {
  // dpkg-query answers 1 where it knows none of a name, and still lists the others.
  const { stdout } = await host.exec([
    "dpkg-query",
    "--show",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
    "--showformat=${Package} ${db:Status-Status}\\n",
    ...packages,
  ]);
  const installed = new Set(
    stdout.split("\n").flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]] : [])),
  );
  return packages.filter((name) => !installed.has(name));
}

async function install(packages: readonly string[], ctx: StageContext): Promise<void> {
  const { host, signal } = ctx;
  const lock = await ctx.lock("server");
  // The name comes from what is wanted and not from the run, so that whoever comes after a crash waits for the same act.
  const name = `packages-${hashOf(packages).slice(0, 12)}`;
  // An act that ended earlier says nothing of now: something is missing, or this would not be asked for.
  if ((await look(host, name)).state === "ended") await forget(lock, name);
  const { code, output } = await runAct(host, lock, {
    name,
    command: sh(installScript, ...packages),
    repair: sh(repairScript),
    onOutput: (text) => ctx.log(text),
    signal,
  });
  if (code === 0) return;
  throw new BerthError({
    code: packageFailure(output),
    message: "The packages could not be installed.",
    object: host.name,
    cause: clean(output.trim().split("\n").slice(-12).join("\n"), 1500),
    next: nextAfter(packageFailure(output)),
  });
}

// --no-remove: an Engine or a firewall of another origin is never thrown out to make room for ours.
const apt = `export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none LC_ALL=C.UTF-8
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Acquire::Retries=3 "$@"; }`;

const installScript = `${apt}
apt update && apt install --no-install-recommends --no-upgrade --no-remove -- "$@"`;

const repairScript = `${apt}
dpkg --configure -a --force-confdef --force-confold && apt install --fix-broken`;

/** What kind of failure apt's last words tell of; pure. */
export function packageFailure(output: string): string {
  if (/Packages need to be removed but remove is disabled|held broken packages|unmet dependencies/i.test(output))
    return "packages_conflict";
  if (/No space left on device|not enough free space/i.test(output)) return "disk_full";
  if (/Unable to locate package|has no installation candidate/i.test(output)) return "package_unknown";
  if (/Could not get lock|Unable to acquire the dpkg frontend lock/i.test(output)) return "packages_locked";
  if (
    /Could not resolve|Failed to fetch|Unable to fetch|Could not connect|Connection (?:refused|timed out)/i.test(output)
  )
    return "packages_unreachable";
  return "packages_failed";
}

const next: Record<string, string> = {
  packages_conflict:
    "Something installed there stands against them. On the server, read why: apt-get install --simulate PACKAGE",
  disk_full: "Make room on the server (df -h; docker system df), then type the same command again.",
  package_unknown: "Check that the server's package sources are its distribution's own: apt-cache policy",
  packages_locked:
    "Another installation has been running for five minutes: wait for it, then type the same command again.",
  packages_unreachable: "Check that the server reaches its package mirror: apt-get update",
};
const nextAfter = (code: string) =>
  next[code] ?? "Try it by hand on the server: apt-get update && apt-get install --fix-broken";
