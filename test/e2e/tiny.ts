import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A program of a few lines without dependencies, for what needs neither database nor pages. */
export interface Tiny {
  folder: string;
  /** Writes another version over it; scripts that are not named again are gone. */
  write(version: Version): Promise<void>;
  remove(): Promise<void>;
}

export interface Version {
  /** Handles `request` and answers by `response`. */
  handler: string;
  /** Replaces what makes it listen on `port`; `server` is the server. */
  listen?: string;
  /** Beside `start`. */
  scripts?: Record<string, string>;
  files?: Record<string, string>;
}

/** The handler of a program that is well and says one word. */
export const says = (word: string): string => `response.end(${JSON.stringify(word)});`;

export async function makeTiny(name: string): Promise<Tiny> {
  const parent = await mkdtemp(join(tmpdir(), "berth-source-"));
  const folder = join(parent, name);
  const write = async ({ handler, listen = "server.listen(port);", scripts = {}, files = {} }: Version) => {
    await rm(folder, { recursive: true, force: true });
    const manifest = { name, private: true, type: "module", scripts: { start: "node server.js", ...scripts } };
    const server = `import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 3000);
const server = createServer((request, response) => {
  ${handler}
});
${listen}
`;
    const all = { "package.json": JSON.stringify(manifest, null, 2), "server.js": server, ...files };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  return { folder, write, remove: () => rm(parent, { recursive: true, force: true }) };
}
