import type Docker from "dockerode";
import type { RegistryLogin } from "../host/docker/pull.ts";
import type { Host, Lock } from "../host/host.ts";
import type { RunContext } from "../run/step.ts";
import { stepsFor } from "../run/step.ts";

/** A file or symbolic link that builds see. */
export interface ContextEntry {
  /** Relative to the source's folder, with `/`. */
  path: string;
  kind: "file" | "link";
  executable: boolean;
  /** Bytes; of a link, of its target's name. */
  size: number;
}

/** The files that a build sees, and the hash that a plan knows them by (`images[].context`). */
export interface BuildContext {
  /** The folder that the entries' paths are in. */
  dir: string;
  /** Sorted by path. */
  entries: readonly ContextEntry[];
  /** The hash of their content, in hex. */
  hash: string;
}

/** What a step that touches a server gets. One connection a server and a worker. */
export interface StageContext extends RunContext {
  readonly host: Host;
  /**
   * A new login with the same credentials, to prove that the way in is still open. The caller closes it. It holds no
   * lock, so it looks and changes nothing.
   */
  connectAgain(): Promise<Host>;
  /** Where images are built: an Engine on this machine, or the server's own. */
  readonly builder: { readonly name: string; readonly here: boolean; engine(): Promise<Docker> };
  /** `stack` is held for the whole run; `server` (packages, firewall, proxy configuration) until the step that asked ends. */
  lock(scope: "stack" | "server"): Promise<Lock>;
  /** Value of a secret that a person gave, from the encrypted store here. Throws `secret_missing`. */
  givenSecret(name: string): string;
  /** By which the plan knows the values that a person gave, in hex. */
  fingerprintKey(): string;
  /** The login that this computer has for a registry, as Docker's own configuration names it; undefined: none. */
  registryAuth(registry: string): Promise<RegistryLogin | undefined>;
  /** Whatever is said after this, this value is scrubbed from logs and errors. */
  hide(value: string): void;
  /** The source as it was when it was planned: a folder of its own that nobody edits. */
  readonly sourceDir: string;
  /** What a build of a folder of the source sees (`images[].folder`). */
  buildContext(folder: string): Promise<BuildContext>;
  /** A folder of this run for large temporary files, on a disk; it goes with the run. */
  readonly scratchDir: string;
  /** This run's folder on this machine, which stays: what a person may want to read afterwards. */
  readonly runDir: string;
  /** PEM of the CA bundle for build steps, where one is configured. */
  readonly caBundle: string | undefined;
  /** PEM of certificate authorities that are trusted beside the system's own when an answer over HTTPS is verified. */
  readonly trustedRoots: readonly string[];
  /** Of Berth, for the record of what was applied. */
  readonly version: string;
}

export const defineStep = stepsFor<StageContext>();
