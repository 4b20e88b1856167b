import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Changes a text file of a source; throws where what is to be changed is not there. */
export async function edit(folder: string, path: string, before: string, after: string): Promise<void> {
  const file = join(folder, path);
  const text = await readFile(file, "utf8");
  if (!text.includes(before)) throw new Error(`${path} does not hold ${JSON.stringify(before)}`);
  await writeFile(
    file,
    text.replace(before, () => after),
  );
}

export async function write(folder: string, path: string, text: string): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Another version of the guestbook, by which one can see which of them answers. */
export const asVersion =
  (version: string) =>
  (folder: string): Promise<void> =>
    edit(folder, "package.json", '"version": "1.0.0"', `"version": "${version}"`);
