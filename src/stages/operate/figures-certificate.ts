import { X509Certificate } from "node:crypto";
import { connect, rootCertificates, type TLSSocket } from "node:tls";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { cleanLine } from "../../kit/text.ts";

/** The certificate that visitors of a host get just now. */
export interface ServedCertificate {
  host: string;
  notAfter: string | null;
  issuer: string | null;
  /** Whole days until it ends; negative once it has. */
  daysLeft: number | null;
  /** Why a browser would not take it, or why it could not be asked for. */
  problem: string | null;
}

export interface CertificateAsked {
  /** The server, by its address or name: the host's own DNS records need not point there yet. */
  server: string;
  host: string;
  trustedRoots: readonly string[];
}

const day = 24 * 3600 * 1000;

/** Asks by TLS as a visitor would; over the server itself where its port 443 cannot be reached from this machine. */
export async function servedCertificate(asked: CertificateAsked, server: Host, now: Date): Promise<ServedCertificate> {
  const { host } = asked;
  try {
    const { certificate, problem } = await askFromHere(asked).catch(async (error: unknown) => {
      const pem = await askFromServer(host, server);
      if (pem === undefined) throw error;
      return { certificate: new X509Certificate(pem), problem: null };
    });
    return { host, ...factsOf(certificate, now), problem };
  } catch (error) {
    const problem = cleanLine(error instanceof Error ? error.message : String(error), 200);
    return { host, notAfter: null, issuer: null, daysLeft: null, problem: `No certificate was shown: ${problem}` };
  }
}

function factsOf({ validTo, issuer }: X509Certificate, now: Date) {
  const end = new Date(validTo);
  const daysLeft = Math.floor((end.getTime() - now.getTime()) / day);
  return { notAfter: end.toISOString(), issuer: cleanLine(issuer, 120), daysLeft };
}

interface Shown {
  certificate: X509Certificate;
  problem: string | null;
}

function askFromHere({ server, host, trustedRoots }: CertificateAsked): Promise<Shown> {
  const ca = [...rootCertificates, ...trustedRoots];
  return new Promise((resolve, reject) => {
    // A certificate that is not to be trusted is what a person wants to hear of, too.
    const socket: TLSSocket = connect({ host: server, port: 443, servername: host, ca, rejectUnauthorized: false });
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      const reason = socket.authorizationError as Error | string | null;
      socket.destroy();
      if (!certificate) reject(new Error("the server showed none"));
      else
        resolve({ certificate, problem: socket.authorized ? null : `It is not trusted: ${cleanLine(String(reason))}` });
    });
  });
}

/** Undefined where curl there is too old to say it, or nobody answers. */
async function askFromServer(name: string, server: Host): Promise<string | undefined> {
  const script = `curl --disable --globoff --silent --insecure --max-time 10 --resolve "$1:443:127.0.0.1" --output /dev/null \
--write-out "%{certs}" "https://$1/"`;
  const { stdout } = await server.exec(sh(script, name), { timeoutMs: 20_000 });
  return /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/.exec(stdout)?.[0];
}
