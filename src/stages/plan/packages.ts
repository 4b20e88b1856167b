import packages from "./packages.json" with { type: "json" };

const everywhere = [
  // Where the kernel has AppArmor, the Engine starts no container without its parser, which is only recommended.
  "apparmor",
  "ca-certificates",
  "curl",
  "iproute2",
  "nftables",
  "prometheus-node-exporter",
  "unattended-upgrades",
  "util-linux",
];

const table: Record<string, { tried: boolean; packages: string[] }> = packages;

/** The releases that Berth provisions, `debian 13`; those that were never tried are marked in packages.json. */
export const supportedSystems: readonly string[] = Object.keys(table);

/**
 * Packages of a server, by name in its own distribution, sorted. Empty for a system that is not in the table.
 * `enginePackage`: what an Engine that is there came from. Another than the distribution's own (docker-ce) stays, and
 * nothing that would stand against it is installed.
 */
export function packagesFor({ id, version, root, enginePackage = null }: PackageNeeds): string[] {
  const own = table[`${id} ${version}`]?.packages ?? [];
  const foreign = enginePackage !== null && enginePackage !== "docker.io";
  const engine = foreign ? own.filter((name) => !name.startsWith("docker")) : own;
  return [...engine, ...everywhere, ...(root ? [] : ["sudo"])].sort();
}

interface PackageNeeds {
  id: string;
  version: string;
  root: boolean;
  enginePackage?: string | null;
}
