import type { AddressPart } from "../../analysis/schema.ts";
import type { Backing, EnvSource, SecretUse } from "../schema.ts";

/** What a backing service gives to the services that need it. */
export interface Provided {
  backing: Backing;
  secrets: SecretUse[];
  volumes: { name: string; holds: string }[];
  /** Its address, whole and in parts: applications read one or the other. */
  address: Record<AddressPart, EnvSource>;
}

/** A database, cache or broker as a variant: one file each, states only its difference. */
export interface BackingKind {
  /** As the analysis names the datastore. */
  datastore: string;
  /** The image under its usual name, for the major version that the application asks for. */
  image(version: string | null): string;
  /**
   * What its first start leaves undone where it was cut off: `ready` then says so, and the command does it. It destroys
   * nothing, and fails where it was done already.
   */
  repair?: { says: RegExp; command: readonly string[] };
  /** `name`: what it is called in the stack's network, by which its volume and its secret are named too. */
  provide(input: { stack: string; image: string; name: string; memoryMegabytes?: number | undefined }): Provided;
}
