import { X509Certificate } from "node:crypto";
import type Docker from "dockerode";
import type { Host } from "../host/host.ts";
import { sh } from "../host/quote.ts";
import type { ReverseProxy } from "./proxy.ts";

/** What a certificate says of itself, as the proxy holds it for a host. */
export interface CertificateFacts {
  names: string[];
  issuer: string;
  /** ISO times. */
  notBefore: string;
  notAfter: string;
  fingerprint256: string;
}

/** The certificate that the proxy holds for a host, the newest where there are several; undefined while none is issued. */
export async function certificateOf(
  { host, engine, proxy }: { host: Host; engine: Docker; proxy: ReverseProxy },
  name: string,
): Promise<CertificateFacts | undefined> {
  const { volume, glob } = proxy.certificates;
  const root = await engine
    .getVolume(volume)
    .inspect()
    .then(({ Mountpoint }) => Mountpoint)
    .catch(() => undefined);
  if (root === undefined || !hostName.test(name)) return undefined;
  // The glob holds nothing but its own stars: the name was checked, and the folder arrives as an argument.
  const newest = sh(
    `cd "$1" && f=$(ls -t -- ${glob(name)} 2>/dev/null | head -n 1) && [ -n "$f" ] && head -c 65536 -- "$f"`,
    root,
  );
  const { code, stdout } = await host.exec(newest);
  return code === 0 ? factsOf(stdout) : undefined;
}

const hostName = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

function factsOf(pem: string): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(pem);
    return {
      names: (certificate.subjectAltName ?? "").split(", ").map((entry) => entry.replace(/^DNS:/, "")),
      issuer: certificate.issuer,
      notBefore: new Date(certificate.validFrom).toISOString(),
      notAfter: new Date(certificate.validTo).toISOString(),
      fingerprint256: certificate.fingerprint256,
    };
  } catch {
    // Half written, or not a certificate: not issued yet.
    return undefined;
  }
}
