import packages from "./packages.json" with { type: "json" };

const everywhere = [
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

/** Packages of a server, by name in its own distribution, sorted. Empty for a system that is not in the table. */
export function packagesFor({ id, version, root }: { id: string; version: string; root: boolean }): string[] {
  const own = table[`${id} ${version}`]?.packages ?? [];
  return [...own, ...everywhere, ...(root ? [] : ["sudo"])].sort();
}
