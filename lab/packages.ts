import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { attempt, run } from "./shell.ts";

/** A program that the lab needs, and the packages of Debian and Ubuntu that bring it. */
const packagesOf: Record<string, string[]> = {
  dockerd: ["docker.io"],
  docker: ["docker-cli"],
  "docker-buildx": ["docker-buildx"],
  "docker-registry": ["docker-registry"],
  ip: ["iproute2"],
  iptables: ["iptables"],
  mmdebstrap: ["mmdebstrap", "debian-archive-keyring"],
  pebble: ["pebble"],
  openssl: ["openssl"],
  ssh: ["openssh-client"],
  git: ["git"],
  flock: ["util-linux"],
  tc: ["iproute2"],
  nft: ["nftables"],
  "mkfs.ext4": ["e2fsprogs"],
};

const policyFile = "/usr/sbin/policy-rc.d";
const policy = "#!/bin/sh\n# berth-lab: packages that it installs start no service of theirs.\nexit 101\n";

const elsewhere = [
  "/usr/sbin",
  "/sbin",
  "/usr/bin",
  "/bin",
  "/usr/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
];

/** Whether a program is in PATH, or where the system's own and those of Docker's client lie. */
export function isInstalled(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...elsewhere];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

/**
 * Installs by apt what is missing. A service that such a package brings is neither started nor enabled, and one that was
 * there before is left as it was. Elsewhere than on Debian and Ubuntu it throws and says what to install.
 */
export async function need(...programs: string[]): Promise<void> {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.flatMap((program) => packagesOf[program] ?? [program]);
  if (!isInstalled("apt-get")) {
    throw new Error(
      `the lab needs ${missing.join(", ")}: install what Debian calls ${packages.join(" ")}, then repeat`,
    );
  }
  process.stderr.write(`installing ${packages.join(" ")}\n`);
  await withoutServices(async () => {
    if (!(await install(packages))) {
      await run("apt-get", ["update", "-qq"]);
      // docker.io has the client inside on older releases, where docker-cli is no package.
      const known = await existing(packages);
      if (!(await install(known))) throw new Error(`apt cannot install ${known.join(" ")}: try it by hand to see why`);
    }
  });
  const still = missing.filter((program) => !isInstalled(program));
  if (still.length > 0) throw new Error(`${packages.join(" ")} are installed, but ${still.join(", ")} are not there`);
}

async function install(packages: string[]): Promise<boolean> {
  // Never at the price of a package that is there: another Engine's package would be in the way of docker.io.
  const args = ["install", "-yqq", "--no-install-recommends", "--no-remove", ...packages];
  const { code } = await attempt("apt-get", args, { env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" } });
  return code === 0;
}

async function existing(packages: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of packages) {
    const { stdout } = await attempt("apt-cache", ["policy", name]);
    if (/Candidate: (?!\(none\))/.test(stdout)) found.push(name);
  }
  return found;
}

async function withoutServices(work: () => Promise<void>): Promise<void> {
  const units = ["docker.service", "docker.socket", "containerd.service", "docker-registry.service"];
  const systemd = existsSync("/run/systemd/system");
  const before = systemd ? await enabled(units) : units;
  if (!existsSync(policyFile)) await writeFile(policyFile, policy, { mode: 0o755 });
  try {
    await work();
  } finally {
    await allowServices();
  }
  const ours = systemd ? (await enabled(units)).filter((unit) => !before.includes(unit)) : [];
  if (ours.length > 0) await run("systemctl", ["disable", "--quiet", ...ours]);
}

async function enabled(units: string[]): Promise<string[]> {
  const states = await Promise.all(
    units.map(async (unit) => (await attempt("systemctl", ["is-enabled", unit])).code === 0),
  );
  return units.filter((_, i) => states[i]);
}

/** Takes back what a killed installation may have left. */
export async function allowServices(): Promise<void> {
  if (existsSync(policyFile) && (await readFile(policyFile, "utf8")) === policy) await rm(policyFile);
}
