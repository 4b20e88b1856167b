import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exclusively } from "./lock.ts";
import type { Lab } from "./names.ts";

/** The addresses of one name, of either family. */
interface Entry {
  a: string[];
  aaaa: string[];
}

type Names = Record<string, Entry>;

/** What the ACME authority finds when it looks a name up; without addresses the name is unknown again. */
export async function setName(lab: Lab, name: string, addresses: readonly string[]): Promise<void> {
  const entry = {
    a: addresses.filter((one) => !one.includes(":")),
    aaaa: addresses.filter((one) => one.includes(":")),
  };
  await exclusively(lab, `dns-${lab.name}`, async () => {
    const { [name]: _, ...others } = await readNames(lab);
    await writeFile(`${fileOf(lab)}.new`, JSON.stringify(addresses.length > 0 ? { ...others, [name]: entry } : others));
    await rename(`${fileOf(lab)}.new`, fileOf(lab));
    if (!(await tell(lab, name, entry))) throw new Error(`the lab's DNS did not take ${name}: is the lab up?`);
  });
}

/** Tells a fresh DNS all names that were set; undefined while it does not answer. */
export async function restoreDns(lab: Lab): Promise<true | undefined> {
  const names = { "started.invalid": { a: [], aaaa: [] }, ...(await readNames(lab)) };
  for (const [name, entry] of Object.entries(names)) if (!(await tell(lab, name, entry))) return undefined;
  return true;
}

const fileOf = (lab: Lab) => join(lab.dir, "dns.json");

async function readNames(lab: Lab): Promise<Names> {
  return JSON.parse(await readFile(fileOf(lab), "utf8").catch(() => "{}")) as Names;
}

async function tell(lab: Lab, host: string, { a, aaaa }: Entry): Promise<boolean> {
  const answers = [await manage(lab, "clear-a", { host }), await manage(lab, "clear-aaaa", { host })];
  if (a.length > 0) answers.push(await manage(lab, "add-a", { host, addresses: a }));
  if (aaaa.length > 0) answers.push(await manage(lab, "add-aaaa", { host, addresses: aaaa }));
  return answers.every(Boolean);
}

async function manage(lab: Lab, action: string, body: unknown): Promise<boolean> {
  const address = `http://${lab.gateway}:8055/${action}`;
  const request = { method: "POST", body: JSON.stringify(body), signal: AbortSignal.timeout(2000) };
  const answer = await fetch(address, request).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.ok ?? false;
}
