import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Base } from "../approval/operation.ts";
import { localEngine } from "../host/engine.ts";
import { readFile } from "../host/files.ts";
import type { Host } from "../host/host.ts";
import { paths } from "../kit/layout.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { appliedDamaged } from "../stages/survey/refuse.ts";
import { Applied } from "../stages/survey/server-facts.ts";
import type { Berth } from "./berth.ts";
import { connect, findServer } from "./connect.ts";
import { builderOf, type SharedContext } from "./contexts.ts";
import { baseOf } from "./plan-base.ts";
import { registryLogin } from "./registry-login.ts";
import { runFolder } from "./run-folder.ts";
import { buildContext, sourceDir } from "./source.ts";

/** A connection to a plan's server, and all that the plan's steps share. */
export interface World {
  host: Host;
  shared: SharedContext;
  /** The facts that a grant rests on, as they are now, and the hash of the plan that stands. */
  standing(): Promise<{ base: Base; applied: string | null }>;
  close(): Promise<void>;
}

/**
 * Opens the world of a plan: only the server that it names, by the key that it names. `builds`: false where no step needs the
 * source, which may be gone from this computer.
 */
export async function openWorld(
  berth: Berth,
  plan: Plan,
  run: string,
  hide: (value: string) => void,
  { builds = true }: { builds?: boolean } = {},
): Promise<World> {
  const { config, store, secrets } = berth;
  const server = await findServer(config, store, plan.server.name);
  const { hostKey } = plan.server;
  const host = await connect(server, hostKey);
  // Images that nobody builds need no source.
  const dir = builds && plan.images.length > 0 ? await sourceDir(config, plan.source.contentHash) : "";
  const scratchDir = join(runFolder(config.home, run), "scratch");
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  const given = (name: string): string => {
    const use = plan.secrets.find((secret) => secret.name === name);
    const value = secrets.value(plan.stack, name, use?.origin === "given" ? use.fingerprint : "").reveal();
    hide(value);
    return value;
  };
  const shared: SharedContext = {
    host,
    connectAgain: () => connect(server, hostKey),
    builder: builderOf(plan.build.on, host, () => localEngine({ dockerHost: config.env["DOCKER_HOST"] })),
    givenSecret: given,
    fingerprintKey: () => {
      const key = secrets.fingerprintKey(plan.stack);
      hide(key);
      return key;
    },
    // A helper that fails is told of while planning; what needs no login comes without one.
    registryAuth: (registry) => registryLogin(config.env, registry).catch(() => undefined),
    hide,
    sourceDir: dir,
    buildContext: (folder) => buildContext(dir, folder),
    scratchDir,
    runDir: runFolder(config.home, run),
    caBundle: config.caBundle,
    trustedRoots: config.trustedRoots,
    version: config.version,
  };
  const standing = async () => {
    const { serial, planHash } = await appliedOn(host, plan.stack);
    return { base: baseOf(plan, serial), applied: planHash };
  };
  return { host, shared, standing, close: () => host.close() };
}

/** Which plan of this stack was applied whole, and how often one was, as its server says; 0: never. */
async function appliedOn(host: Host, stack: string): Promise<{ serial: number; planHash: string | null }> {
  const text = await readFile(host, paths.applied(stack));
  if (text === undefined) return { serial: 0, planHash: null };
  try {
    return Applied.parse(JSON.parse(text));
  } catch {
    throw appliedDamaged(host.name);
  }
}
