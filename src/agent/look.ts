import { canonicalJson } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";

/** How a client starts the server. */
export interface Serve {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
}

/** What a client sees of a server when it has just started it. */
export interface Sight {
  protocol: string;
  /** From the start of the process to its first answer. */
  firstAnswerMs: number;
  /** By name or address, each with all that is said of it, as canonical JSON. */
  tools: Record<string, string>;
  resources: Record<string, string>;
  templates: Record<string, string>;
  prompts: Record<string, string>;
}

const info = { name: "berth-doctor", version: "1" };
const patience = { timeout: 30_000 };

/** As a client of before 2026 sees it, by the SDK that such clients are made with. Throws `server_silent`. */
export async function lookAsOlder(serve: Serve): Promise<Sight> {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const transport = new StdioClientTransport({ ...plain(serve), stderr: "pipe" });
  let protocol = "";
  // The client tells its transport what was agreed on, and nobody else.
  Object.assign(transport, {
    setProtocolVersion: (version: string) => {
      protocol = version;
    },
  });
  const client = new Client(info);
  return look(
    client,
    () => client.connect(transport, patience),
    transport.stderr,
    () => protocol,
  );
}

/** As a client that speaks the revision of 2026-07-28, and no other, sees it. Throws `server_silent`. */
export async function lookAsModern(serve: Serve): Promise<Sight> {
  const { Client } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const transport = new StdioClientTransport({ ...plain(serve), stderr: "pipe" });
  const client = new Client(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const agreed = () => client.getNegotiatedProtocolVersion() ?? "";
  return look(client, () => client.connect(transport, patience), transport.stderr, agreed);
}

/** What both clients can do. */
interface Lists {
  getServerCapabilities(): Partial<Record<"tools" | "resources" | "prompts", object | undefined>> | undefined;
  listTools(page: Page): Promise<{ tools: { name: string }[]; nextCursor?: string | undefined }>;
  listResources(page: Page): Promise<{ resources: { uri: string }[]; nextCursor?: string | undefined }>;
  listResourceTemplates(
    page: Page,
  ): Promise<{ resourceTemplates: { uriTemplate: string }[]; nextCursor?: string | undefined }>;
  listPrompts(page: Page): Promise<{ prompts: { name: string }[]; nextCursor?: string | undefined }>;
  close(): Promise<void>;
}

type Page = { cursor: string } | undefined;

async function look(
  client: Lists,
  connect: () => Promise<void>,
  stderr: { on(event: "data", heard: (bytes: Buffer) => void): unknown } | null,
  agreed: () => string,
): Promise<Sight> {
  let said = "";
  stderr?.on("data", (bytes) => {
    said = (said + bytes.toString("utf8")).slice(-2000);
  });
  try {
    const began = performance.now();
    await connect();
    const firstAnswerMs = performance.now() - began;
    const { tools, resources, prompts } = client.getServerCapabilities() ?? {};
    return {
      protocol: agreed(),
      firstAnswerMs,
      tools: tools ? await all((page) => client.listTools(page), "tools", "name") : {},
      resources: resources ? await all((page) => client.listResources(page), "resources", "uri") : {},
      templates: resources
        ? await all((page) => client.listResourceTemplates(page), "resourceTemplates", "uriTemplate")
        : {},
      prompts: prompts ? await all((page) => client.listPrompts(page), "prompts", "name") : {},
    };
  } catch (error) {
    throw silent(error as Error, said);
  } finally {
    await client.close();
  }
}

async function all<Field extends string, Name extends string>(
  list: (
    page: Page,
  ) => Promise<{ [field in Field]: { [name in Name]: string }[] } & { nextCursor?: string | undefined }>,
  field: Field,
  name: Name,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (let cursor: string | undefined, pages = 0; pages < 100; pages++) {
    const answer = await list(cursor === undefined ? undefined : { cursor });
    for (const one of answer[field]) found[one[name]] = canonicalJson(one);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return found;
}

const plain = ({ command, args, env, cwd }: Serve) => ({ command, args: [...args], env: { ...env }, cwd });

const silent = (error: Error, said: string) =>
  new BerthError({
    code: "server_silent",
    message: "The MCP server did not answer a client as it should.",
    object: "berth serve",
    cause: [cleanLine(error.message), cleanLine(said, 600)].filter(Boolean).join("; it said: "),
    next: "Start it by hand and read what it says: berth serve --verbose < /dev/null",
  });
