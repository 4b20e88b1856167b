import { readFile, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { authorityFile, certificateFor } from "./authority.ts";
import { restoreDns } from "./dns.ts";
import type { Lab } from "./names.ts";
import { processesOf, startDaemon, stopProcesses, untilDaemon } from "./processes.ts";

/** The ACME authority's directory. Its own TLS is signed by `authorityFile`. */
export const acmeDirectory = (lab: Lab): string => `https://${lab.gateway}:14000/dir`;

/** The root of the certificates that it issues, for `curl --cacert`; the same while the lab is up. */
export const acmeRootFile = (lab: Lab): string => join(lab.dir, "acme-root.pem");

/**
 * Debian's pebble, an ACME authority made for tests, with the DNS that it asks. It validates on the usual ports, 80 and
 * 443, of whatever address `setName` gave; a name that nobody set resolves to nothing, so its certificate is refused.
 */
export async function startAcme(lab: Lab): Promise<void> {
  if (processesOf(lab, "pebble").length > 0 && processesOf(lab, "dns").length > 0 && (await acmeAnswers(lab))) return;
  await stopProcesses(lab, "pebble");
  await startDns(lab);
  const config = join(lab.dir, "pebble.json");
  await writeFile(config, JSON.stringify(await configuration(lab), null, 2));
  // Made for tests of ACME clients, pebble refuses and delays at random unless told otherwise.
  const calm = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" };
  startDaemon(lab, "pebble", "pebble", ["-config", config, "-dnsserver", `${lab.gateway}:8053`], calm);
  const root = await untilDaemon(lab, "pebble", () => authorityText(lab, "roots/0"));
  await writeFile(acmeRootFile(lab), root);
}

/** What pebble's own management gives under a path: its certificates and keys, as PEM; undefined where it does not answer. */
export const authorityText = (lab: Lab, path: string): Promise<string | undefined> =>
  fetchText(lab, `https://${lab.gateway}:15000/${path}`);

/** Whether the authority gives its directory. */
export const acmeAnswers = async (lab: Lab): Promise<boolean> =>
  (await fetchText(lab, acmeDirectory(lab))) !== undefined;

async function startDns(lab: Lab): Promise<void> {
  await stopProcesses(lab, "dns");
  const off = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
  const unknown = ["-defaultIPv4", "", "-defaultIPv6", ""];
  const at = ["-dns01", `${lab.gateway}:8053`, "-management", `${lab.gateway}:8055`];
  startDaemon(lab, "dns", "pebble-challtestsrv", [...at, ...off, ...unknown]);
  await untilDaemon(lab, "dns", () => restoreDns(lab));
}

async function configuration(lab: Lab) {
  const { certificate, key } = await certificateFor(lab, "pebble");
  return {
    pebble: {
      listenAddress: `${lab.gateway}:14000`,
      managementListenAddress: `${lab.gateway}:15000`,
      certificate,
      privateKey: key,
      httpPort: 80,
      tlsPort: 443,
      ocspResponderURL: "",
      externalAccountBindingRequired: false,
    },
  };
}

/** The body of a 200 from one of the lab's own services; undefined for anything else. */
async function fetchText(lab: Lab, address: string): Promise<string | undefined> {
  const ca = await readFile(authorityFile(lab), "utf8").catch(() => undefined);
  if (ca === undefined) return undefined;
  return new Promise((resolve) => {
    const request = get(address, { ca, timeout: 2000 }, (answer) => {
      text(answer).then(
        (body) => resolve(answer.statusCode === 200 ? body : undefined),
        () => resolve(undefined),
      );
    });
    request.on("error", () => resolve(undefined));
    request.on("timeout", () => request.destroy());
  });
}
