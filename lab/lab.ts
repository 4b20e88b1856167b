import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { acmeDirectory, acmeRootFile, startAcme } from "./acme.ts";
import { authorityFile } from "./authority.ts";
import { ensureBases } from "./bases.ts";
import { removeGroups } from "./cgroups.ts";
import { attemptDocker, engineAnswers, needEngine, removeShimSockets, startEngine } from "./engine.ts";
import { releaseFaults } from "./faults/inflict.ts";
import { exclusively } from "./lock.ts";
import { startMirror } from "./mirror.ts";
import { type Lab, openLab } from "./names.ts";
import { startNetwork, stopNetwork } from "./network.ts";
import { allowServices, need } from "./packages.ts";
import { stopProcesses } from "./processes.ts";
import { defaultBases } from "./recipes.ts";
import { attempt } from "./shell.ts";

export { openLab };

/** Brings the lab up, or repairs it: what already works is left alone. Servers that ran before the machine went down run again. */
export async function up(lab: Lab): Promise<void> {
  await refuseElsewhere();
  await need("flock");
  await mkdir(lab.bases, { recursive: true });
  await exclusively(lab, `up-${lab.name}`, async () => {
    await allowServices();
    await needEngine();
    await need("docker-registry", "pebble", "openssl", "ssh", "git");
    await mkdir(lab.dir, { recursive: true, mode: 0o711 });
    await mkdir(lab.run, { recursive: true });
    await mkdir(join(lab.bases, "users"), { recursive: true });
    await writeFile(userFile(lab), lab.dir);
    await startNetwork(lab);
    await startMirror(lab);
    await startEngine(lab);
    await startAcme(lab);
    await ensureBases(lab, defaultBases);
  });
}

/**
 * Takes the lab away, whatever state it is in: only the base images stay, for the next one. With `all` they go too, unless
 * another lab of the machine uses them.
 */
export async function down(lab: Lab, { all = false }: { all?: boolean } = {}): Promise<void> {
  await refuseElsewhere();
  if (all) await refuseSharedBases(lab);
  await need("flock");
  await mkdir(lab.bases, { recursive: true });
  // Not under the lock: to undo the end of the Engine is to bring the lab up.
  await releaseFaults(lab).catch((error: Error) => process.stderr.write(`${error.message}\n`));
  await exclusively(lab, `up-${lab.name}`, async () => {
    await allowServices();
    await removeContainers(lab);
    await stopProcesses(lab);
    await removeGroups(lab);
    await removeShimSockets(lab);
    await unmountBelow(lab.run, lab.dir);
    await stopNetwork(lab);
    for (const path of [lab.run, lab.dir, userFile(lab)]) await rm(path, { recursive: true, force: true });
  });
  if (all) await rm(lab.bases, { recursive: true, force: true });
}

/** The variables that tell the product of this lab: its Engine builds, its authority issues, its bundle is trusted in builds. */
export async function environmentFor(lab: Lab): Promise<Record<string, string>> {
  const own = await readdir("/usr/local/share/ca-certificates").catch(() => []);
  const hasPrivateAuthorities = own.length > 0 || process.env.NODE_EXTRA_CA_CERTS !== undefined;
  return {
    DOCKER_HOST: lab.engine,
    BERTH_ACME_DIRECTORY: acmeDirectory(lab),
    BERTH_ACME_CA: authorityFile(lab),
    BERTH_TRUSTED_ROOTS: acmeRootFile(lab),
    BERTH_ALLOW_PRIVATE_ADDRESSES: "1",
    ...(hasPrivateAuthorities ? { BERTH_CA_BUNDLE: "/etc/ssl/certs/ca-certificates.crt" } : {}),
  };
}

/** The names of the labs that use the base images. */
export async function labsOnThisMachine(lab: Lab): Promise<string[]> {
  const names = await readdir(join(lab.bases, "users")).catch(() => []);
  return names.filter((name) => existsSync(openLab(name).dir));
}

const userFile = (lab: Lab) => join(lab.bases, "users", lab.name);

async function refuseElsewhere(): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new Error("the lab needs Linux and root: it starts a Docker Engine of its own and makes a bridge");
  }
}

async function refuseSharedBases(lab: Lab): Promise<void> {
  const others = (await labsOnThisMachine(lab)).filter((name) => name !== lab.name);
  if (others.length > 0) throw new Error(`the base images are in use by ${others.join(", ")}: take that down first`);
}

async function removeContainers(lab: Lab): Promise<void> {
  if (!(await engineAnswers(lab))) return;
  const { stdout } = await attemptDocker(lab, ["ps", "--all", "--quiet"]);
  const containers = stdout.split("\n").filter(Boolean);
  if (containers.length > 0)
    await attemptDocker(lab, ["rm", "--force", "--volumes", ...containers], { timeoutMs: 60_000 });
}

/** Mounts of a killed Engine. The deepest go first. */
async function unmountBelow(...folders: string[]): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  const ours = mounts.filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
  for (const path of ours.reverse()) await attempt("umount", ["--lazy", path]);
}
