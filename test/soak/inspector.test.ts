import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { npmTool } from "../../lab/npm-tools.ts";

// The inspector of the protocol's own makers, as a person runs it on its command line.

const cli = join(import.meta.dirname, "../../src/cli.ts");
let inspector: string;
let home: string;

beforeAll(async () => {
  const folder = await npmTool("@modelcontextprotocol/inspector@2.12.0");
  inspector = join(folder, "clients/launcher/build/index.js");
  home = await mkdtemp(join(tmpdir(), "berth-inspector-"));
});
afterAll(() => rm(home, { recursive: true }));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function inspect(server: string[], ...asked: string[]): Promise<Outcome> {
  const words = [inspector, "--cli", process.execPath, ...server, ...asked, "--format", "json", "-q"];
  const env = { PATH: process.env.PATH, HOME: home };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, words, { env, maxBuffer: 2 ** 26 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe.each([
  ["legacy", "2025-11-25"],
  ["modern", "2026-07-28"],
])("as a client of the %s era", (era, protocol) => {
  test("the tools' schemas are portable", async () => {
    const { code, stdout, stderr } = await inspect(
      [cli, "serve"],
      ...["--method", "tools/list", "--strict", "--protocol-era", era],
    );
    // What it finds it says there, also what is only a warning; the server's own log is none of it.
    expect({
      code,
      findings: stderr.split("\n").filter((line) => line !== "" && !line.startsWith('{"level"')),
    }).toEqual({ code: 0, findings: [] });
    expect(JSON.parse(stdout).result.tools.length).toBeGreaterThan(10);
  });

  test("it agrees on that era's protocol", async () => {
    const { code, stdout } = await inspect([cli, "serve"], "--method", "initialize", "--protocol-era", era);
    expect(code).toBe(0);
    expect(stdout).toContain(protocol);
  });
});

test("a schema that is not portable is found", async () => {
  const server = join(home, "server.mjs");
  const sdk = import.meta.resolve("@modelcontextprotocol/sdk/server/index.js");
  const schema = { type: "object", properties: { a: true, b: { $ref: "https://example.com/b.json" } } };
  await writeFile(
    server,
    `import { Server } from ${JSON.stringify(sdk)};
import { StdioServerTransport } from ${JSON.stringify(new URL("stdio.js", sdk))};
import { ListToolsRequestSchema } from ${JSON.stringify(new URL("../types.js", sdk))};
const server = new Server({ name: "planted", version: "1" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: "planted", inputSchema: ${JSON.stringify(schema)} }] }));
await server.connect(new StdioServerTransport());
`,
  );
  const { code, stderr } = await inspect([server], "--method", "tools/list", "--strict");
  expect(code).toBe(6);
  expect(stderr).toMatch(/Error: tool "planted"[\s\S]*Warning: tool "planted"/);
});
