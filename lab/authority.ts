import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";
import { run } from "./shell.ts";

export interface Certificate {
  certificate: string;
  key: string;
}

/** The file of the authority that signs the lab's own services (not what its ACME authority issues). */
export const authorityFile = (lab: Lab): string => join(lab.dir, "tls", "ca.pem");

/** A certificate for a service on the lab's gateway, made once: files. */
export async function certificateFor(lab: Lab, service: string): Promise<Certificate> {
  const folder = join(lab.dir, "tls");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ca = authorityFile(lab);
  if (!existsSync(ca)) await issue(folder, "ca", ["-subj", `/CN=${lab.name} authority`]);
  const [certificate, key] = [join(folder, `${service}.pem`), join(folder, `${service}.key`)];
  const names = `subjectAltName=IP:${lab.gateway},IP:${lab.gateway6},IP:127.0.0.1`;
  const signed = ["-CA", ca, "-CAkey", join(folder, "ca.key"), "-addext", "basicConstraints=critical,CA:FALSE"];
  if (!existsSync(certificate)) await issue(folder, service, ["-subj", `/CN=${service}`, "-addext", names, ...signed]);
  return { certificate, key };
}

/** Whole or not at all: the certificate gets its name when it is complete. */
async function issue(folder: string, name: string, args: string[]): Promise<void> {
  const made = join(folder, `${name}.new`);
  const fixed = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"];
  await run("openssl", ["req", ...fixed, "-keyout", join(folder, `${name}.key`), "-out", made, ...args]);
  await rename(made, join(folder, `${name}.pem`));
}

/** The certificate and its key in one file, as some servers want them. */
export async function joinedFile({ certificate, key }: Certificate, path: string): Promise<void> {
  await writeFile(path, await run("cat", [certificate, key]), { mode: 0o600 });
}
