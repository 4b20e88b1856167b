import {
  type CallToolResult,
  Client,
  type ElicitRequestParams,
  type ElicitResult,
  SdkError,
  SdkErrorCode,
  type Tool,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { BerthError } from "../kit/error.ts";
import { clean } from "../kit/text.ts";
import type { AgentOptions } from "./types.ts";

/** Berth's MCP server as a child process: all that the agent can do. */
export interface Connection {
  /** In the server's order, which is always the same. */
  tools: readonly Tool[];
  /** Throws `server_gone` where the server has ended; what the server itself refuses is thrown as it is. */
  call(name: string, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>;
  close(): Promise<void>;
}

interface CallOptions {
  signal: AbortSignal;
  onProgress(message: string): void;
}

/** The server answers each call within 45 s; the time that a person takes for a dialog counts for none. */
const callTimeoutMs = 60_000;

/** Of its own transport the SDK probes a twin, whose last words are lost; of any other it probes the one that stays. */
class ProbedInPlace extends StdioClientTransport {}

/** Starts the server. `onDialog` answers what it asks of the person. Throws `server_failed`. */
export async function connect(
  { serve, version }: Pick<AgentOptions, "serve" | "version">,
  onDialog: (dialog: ElicitRequestParams) => Promise<ElicitResult>,
): Promise<Connection> {
  const transport = new ProbedInPlace({
    ...serve,
    args: [...serve.args],
    env: { ...serve.env },
    stderr: "pipe",
  });
  let said = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-4000);
  });
  const client = new Client(
    { name: "berth-agent", version },
    // The server is this very version: there is nothing to negotiate.
    { capabilities: { elicitation: { form: {}, url: {} } }, versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  client.setRequestHandler("elicitation/create", ({ params }) => onDialog(params));
  try {
    await client.connect(transport);
    const { tools } = await client.listTools();
    return { tools, call, close: () => client.close() };
  } catch (error) {
    await client.close();
    throw ended("server_failed", "Berth's MCP server did not start.", said, error);
  }

  async function call(name: string, input: Record<string, unknown>, { signal, onProgress }: CallOptions) {
    try {
      return await client.callTool(
        { name, arguments: input },
        { signal, timeout: callTimeoutMs, onprogress: ({ message = "" }) => isOurs(message) && onProgress(message) },
      );
    } catch (error) {
      const gone = error instanceof SdkError && lost.has(error.code);
      throw gone ? ended("server_gone", "Berth's MCP server has ended.", said, error) : error;
    }
  }
}

/** The SDK says in the same way that it asks the person, who sees that. */
const isOurs = (message: string) => message !== "" && !message.startsWith("Fulfilling input required by ");

const lost = new Set<string>([SdkErrorCode.ConnectionClosed, SdkErrorCode.NotConnected, SdkErrorCode.SendFailed]);

const ended = (code: string, message: string, said: string, error: unknown) =>
  new BerthError({
    code,
    message,
    object: "berth serve",
    cause: clean(said.trim() === "" ? String((error as Error).message) : said, 1000),
    next: "Try `berth doctor`: it starts the server too and says what is missing. Runs that had begun go on.",
  });
