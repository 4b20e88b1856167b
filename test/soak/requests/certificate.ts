import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { acmeRootFile } from "../../../lab/acme.ts";
import { issuedEarlier } from "../../../lab/issued-earlier.ts";
import type { Lab } from "../../../lab/names.ts";
import { inServer, type Server } from "../../../lab/server.ts";

/** The serial number of the certificate that a visitor gets now. */
export async function servedSerial(lab: Lab, { address }: Server, host: string): Promise<string> {
  const socket = connect({ host: address, port: 443, servername: host, ca: readFileSync(acmeRootFile(lab)) });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}

/** How old a certificate of 90 days is that becomes due after so many seconds: when a third of its time is left. */
export const dueIn = (seconds: number): number => 60 * 24 * 3600 - seconds;

/**
 * Lays a certificate where the proxy keeps its own, as if it had been issued so many seconds ago, for 90 days. A proxy
 * reads it when it begins. Answers its serial number.
 */
export async function layCertificate(lab: Lab, server: Server, host: string, secondsAgo: number): Promise<string> {
  const shell = (script: string) => inServer(lab, server.name, "sh", "-ec", script);
  const volume = await shell("docker volume inspect --format '{{.Mountpoint}}' berth-proxy-data");
  const file = await shell(`ls ${volume}/caddy/certificates/*/${host}/${host}.key`);
  const chain = await issuedEarlier(lab, { name: host, key: await shell(`cat ${file}`), secondsAgo, days: 90 });
  // In place, so that it stays whose it was.
  await shell(`echo ${Buffer.from(chain).toString("base64")} | base64 -d >${file.replace(/key$/, "crt")}`);
  return new X509Certificate(chain).serialNumber;
}
