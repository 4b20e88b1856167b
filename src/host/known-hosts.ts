import { createHash, createHmac } from "node:crypto";

/** A host key as it goes over the wire. */
export type KeyBlob = Uint8Array;

/** What the lines of known_hosts say about one host and port. */
export interface KnownKeys {
  trusted: KeyBlob[];
  revoked: KeyBlob[];
  /** An @cert-authority line names this host: its key may be signed by an authority, which we cannot check. */
  authority: boolean;
}

/** `SHA256:…` as `ssh-keygen -l` prints it. */
export const fingerprintOf = (key: KeyBlob): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

/** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`: the first string of the key itself. */
export function keyTypeOf(key: KeyBlob): string {
  const bytes = Buffer.from(key);
  return bytes.length < 4 ? "" : bytes.toString("latin1", 4, 4 + bytes.readUInt32BE(0));
}

/** Reads the text of known_hosts files (several may be joined by newlines) for one host, as OpenSSH does. */
export function knownKeys(text: string, host: string, port: number): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const found: KnownKeys = { trusted: [], revoked: [], authority: false };
  for (const { marker, patterns, key } of linesOf(text)) {
    if (!matches(patterns, name)) continue;
    if (marker === "@revoked") found.revoked.push(key);
    else if (marker === "@cert-authority") found.authority = true;
    else if (marker === undefined) found.trusted.push(key);
  }
  return found;
}

function* linesOf(text: string): Generator<{ marker: string | undefined; patterns: string; key: KeyBlob }> {
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith("@") ? fields.shift() : undefined;
    const [patterns, type, base64] = fields;
    if (patterns === undefined || type === undefined || base64 === undefined || patterns.startsWith("#")) continue;
    const key = Buffer.from(base64, "base64");
    // A line whose key is not of the type that it claims is damaged and says nothing.
    if (keyTypeOf(key) === type) yield { marker, patterns, key };
  }
}

/** A comma-separated list with * and ?; one negated match (!) rules the whole line out. Or a single hashed name. */
function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith("|1|")) return hashedMatch(patterns, name);
  const list = patterns.toLowerCase().split(",");
  return (
    !list.some((pattern) => pattern.startsWith("!") && glob(pattern.slice(1), name)) &&
    list.some((pattern) => glob(pattern, name))
  );
}

function hashedMatch(pattern: string, name: string): boolean {
  const [, , salt = "", hash] = pattern.split("|");
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** Two pointers and one way back, so that no pattern takes more than |pattern| × |name| steps. */
function glob(pattern: string, name: string): boolean {
  let [p, n, star, from] = [0, 0, -1, 0];
  while (n < name.length) {
    if (p < pattern.length && (pattern[p] === "?" || (pattern[p] !== "*" && pattern[p] === name[n])))
      [p, n] = [p + 1, n + 1];
    else if (pattern[p] === "*") [star, from, p] = [p, n, p + 1];
    else if (star >= 0) [p, from, n] = [star + 1, from + 1, from + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}
