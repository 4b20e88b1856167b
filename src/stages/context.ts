import type Docker from "dockerode";
import type { Host, Lock } from "../host/host.ts";
import type { RunContext } from "../run/step.ts";
import { stepsFor } from "../run/step.ts";

/** What a step that touches a server gets. One connection a server and a worker. */
export interface StageContext extends RunContext {
  readonly host: Host;
  /** Where images are built: an Engine on this machine, or the server's own. */
  readonly builder: { readonly name: string; readonly here: boolean; engine(): Promise<Docker> };
  /** `stack` is held for the whole run; `server` (packages, firewall, proxy configuration) until the step that asked ends. */
  lock(scope: "stack" | "server"): Promise<Lock>;
  /** Value of a secret that a person gave, from the encrypted store here. Throws `secret_missing`. */
  givenSecret(name: string): string;
  /** Whatever is said after this, this value is scrubbed from logs and errors. */
  hide(value: string): void;
  /** The source as it was when it was planned: a folder of its own that nobody edits. */
  readonly sourceDir: string;
  /** PEM of the CA bundle for build steps, where one is configured. */
  readonly caBundle: string | undefined;
  /** PEM of certificate authorities that are trusted beside the system's own when an answer over HTTPS is verified. */
  readonly trustedRoots: readonly string[];
  /** Of Berth, for the record of what was applied. */
  readonly version: string;
}

export const defineStep = stepsFor<StageContext>();
