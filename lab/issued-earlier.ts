import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorityText } from "./acme.ts";
import type { Lab } from "./names.ts";
import { need } from "./packages.ts";
import { run } from "./shell.ts";

interface Issue {
  name: string;
  /** PEM of the key that it is for. */
  key: string;
  secondsAgo: number;
  days: number;
}

/** A certificate as the lab's authority would have issued it some time ago, with its chain, as PEM. */
export async function issuedEarlier(lab: Lab, { name, key, secondsAgo, days }: Issue): Promise<string> {
  await need("openssl", "faketime");
  const [issuer, issuerKey] = await Promise.all(
    ["intermediates/0", "intermediate-keys/0"].map((path) => authorityText(lab, path)),
  );
  if (issuer === undefined || issuerKey === undefined) throw new Error(`${lab.name}'s authority does not answer`);
  const folder = await mkdtemp(join(tmpdir(), `${lab.name}-issue-`));
  try {
    const files = { "key.pem": key, "issuer.pem": issuer, "issuer-key.pem": issuerKey };
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text, { mode: 0o600 });
    await writeFile(join(folder, "more"), `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\n`);
    await run("openssl", ["req", "-new", "-key", "key.pem", "-subj", "/", "-out", "request.pem"], { cwd: folder });
    const signing = ["x509", "-req", "-in", "request.pem", "-CA", "issuer.pem", "-CAkey", "issuer-key.pem"];
    const content = ["-days", String(days), "-extfile", "more", "-CAcreateserial", "-out", "certificate.pem"];
    await run("faketime", [`${secondsAgo} seconds ago`, "openssl", ...signing, ...content], { cwd: folder });
    return `${(await readFile(join(folder, "certificate.pem"), "utf8")).trim()}\n${issuer}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
