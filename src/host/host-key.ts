import type { ServerHostKeyAlgorithm } from "ssh2";
import { BerthError } from "../kit/error.ts";
import { fingerprintOf, type KeyBlob, keyTypeOf, knownKeys } from "./known-hosts.ts";

export interface HostKey {
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: string;
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  type: string;
}

/** Which host keys of one server are accepted. */
export interface Trust {
  /** Lists of algorithms to offer, one list a connection: a server shows one of its keys each time. */
  offers: ServerHostKeyAlgorithm[][];
  /** "unknown": nothing is known about this server, and a person has to decide. */
  judge(key: KeyBlob): "accepted" | "unknown" | BerthError;
}

const families: ServerHostKeyAlgorithm[][] = [
  ["ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
  ["rsa-sha2-512", "rsa-sha2-256"],
];

export const hostKeyOf = (key: KeyBlob): HostKey => ({ fingerprint: fingerprintOf(key), type: keyTypeOf(key) });

/** A pin decides alone; else known_hosts does. A revoked key is refused in either case. */
export function trustFor(server: { host: string; port: number }, knownHosts: string, pin: string | undefined): Trust {
  const { trusted, revoked, authority } = knownKeys(knownHosts, server.host, server.port);
  const revokedPrints = revoked.map(fingerprintOf);
  const expected = pin === undefined ? trusted.map(fingerprintOf) : [pin];
  const name = `${server.host}:${server.port}`;
  return {
    offers: expected.length === 0 ? [families.flat()] : byKnownType(trusted.map(keyTypeOf)),
    judge(key) {
      const shown = hostKeyOf(key);
      if (revokedPrints.includes(shown.fingerprint)) return keyRevoked(name, shown);
      if (expected.includes(shown.fingerprint)) return "accepted";
      if (expected.length > 0) return keyChanged(name, shown, expected);
      return authority ? authorityOnly(name, shown) : "unknown";
    },
  };
}

/** A pin of one kind of key must not fail because the server shows another of its keys first: each kind is asked for. */
function byKnownType(types: string[]): ServerHostKeyAlgorithm[][] {
  const isKnown = (family: ServerHostKeyAlgorithm[]) =>
    types.some(
      (type) =>
        family.some((algorithm) => algorithm === type) || (type === "ssh-rsa" && family.includes("rsa-sha2-512")),
    );
  return [...families.filter(isKnown), ...families.filter((family) => !isKnown(family))];
}

const keyChanged = (name: string, shown: HostKey, expected: string[]) =>
  new BerthError({
    code: "host_key_changed",
    message: "The server shows another host key than the one that is known.",
    object: name,
    cause: `Known is ${expected.join(" or ")}; it shows ${shown.fingerprint} (${shown.type}). The server was installed anew, or somebody stands in between.`,
    next: "Compare with the provider's console. If the new key is right, forget the old one (ssh-keygen -R) and add the server again.",
  });

const keyRevoked = (name: string, shown: HostKey) =>
  new BerthError({
    code: "host_key_revoked",
    message: "The server shows a host key that known_hosts marks as revoked.",
    object: name,
    cause: `An @revoked line names ${shown.fingerprint} (${shown.type}).`,
    next: "Give the server a new host key; a revoked one may be in other hands.",
  });

const authorityOnly = (name: string, shown: HostKey) =>
  new BerthError({
    code: "host_key_unverifiable",
    message: "known_hosts trusts this server only through a certificate authority.",
    object: name,
    cause: `An @cert-authority line names it, and host certificates are not checked here. It shows ${shown.fingerprint} (${shown.type}).`,
    next: "Compare the fingerprint with the server's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and name it as the expected host key.",
  });

export const keyUnknown = (name: string, shown: HostKey) =>
  new BerthError({
    code: "host_key_unknown",
    message: "The host key of this server is not known yet.",
    object: name,
    cause: `It shows ${shown.fingerprint} (${shown.type}); nothing says whether that is right.`,
    next: "Compare the fingerprint with the one in the provider's console, then confirm it.",
  });
