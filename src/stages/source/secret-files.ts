import { open } from "node:fs/promises";

/** Names that a `.env` has when it is a form to fill in, or holds what everybody may see. */
const forms = /\.(?:example|sample|template|dist|defaults?|schema|vault)$|^(?:example|sample|template)\.env$/i;
const alwaysSecret = [
  /^\.env(?:\..+)?$/i,
  /^(?:prod|production|staging)\.env$/i,
  /^\.(?:netrc|pgpass|git-credentials|pypirc|htpasswd|vault-token)$/,
  /^(?:terraform\.tfstate(?:\.backup)?|credentials\.tfrc\.json)$/,
];
const perhapsSecret = [
  { name: /\.(?:pem|key|p8)$|^id_(?:rsa|dsa|ecdsa|ed25519)$/i, holds: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/ },
  {
    name: /^\.npmrc$|^\.yarnrc(?:\.yml)?$/,
    holds: /(?:_authToken|_password|npmAuthToken)["']?\s*[=:]\s*["']?(?!\$|["'\s])\S/,
  },
  {
    name: /^(?:service-?account|credentials|.*-firebase-adminsdk-.*)\.json$/i,
    holds: /"private_key"\s*:\s*"-----BEGIN/,
  },
];

/**
 * Whether a file holds secrets by its name, or by its name and first 8 kB: such files go into no image and no copy of ours.
 * `path` is where it lies, `name` its last part.
 */
export async function isSecretFile(path: string, name: string): Promise<boolean> {
  if (forms.test(name)) return false;
  if (alwaysSecret.some((pattern) => pattern.test(name))) return true;
  const suspect = perhapsSecret.find((one) => one.name.test(name));
  return suspect?.holds.test(await head(path)) ?? false;
}

async function head(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}
