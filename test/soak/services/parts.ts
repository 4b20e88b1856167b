import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const names = ["web", "api", "worker"] as const;

/** Three programs in one source: two that answer, and one that nobody asks. */
export interface Parts {
  folder: string;
  write(version: { word: string; worker?: string }): Promise<void>;
  remove(): Promise<void>;
}

/** Says who answers, of which version, in which container, and what it was asked for. */
const answering = (name: string, word: string, port: number) => `import { createServer } from "node:http";
import { hostname } from "node:os";

const server = createServer((request, response) => {
  const answer = { service: ${JSON.stringify(name)}, word: ${JSON.stringify(word)}, in: hostname(), url: request.url };
  setTimeout(() => response.end(JSON.stringify(answer)), request.url === "/slow" ? 1500 : 0);
});
process.on("SIGTERM", () => server.close());
server.listen(Number(process.env.PORT ?? ${port}));
`;

const working = (word: string, more: string) => `process.on("SIGTERM", () => process.exit(0));
setInterval(() => console.log("at work", ${JSON.stringify(word)}), 1000);
${more}
`;

export async function makeParts(name: string): Promise<Parts> {
  const parent = await mkdtemp(join(tmpdir(), "berth-source-"));
  const folder = join(parent, name);
  const write: Parts["write"] = async ({ word, worker = "" }) => {
    const programs = {
      web: answering("web", word, 3000),
      api: answering("api", word, 4000),
      worker: working(word, worker),
    };
    const files = Object.fromEntries(
      names.flatMap((one) => [
        [`${one}/package.json`, JSON.stringify({ name: one, type: "module", scripts: { start: "node server.js" } })],
        [`${one}/server.js`, programs[one]],
      ]),
    );
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  return { folder, write, remove: () => rm(parent, { recursive: true, force: true }) };
}
