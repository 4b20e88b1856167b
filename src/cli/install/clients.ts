import { homedir } from "node:os";
import { join } from "node:path";

/** A program that can drive Berth, and where it keeps which servers it starts. */
export interface Client {
  /** As a person types it. */
  id: "claude-desktop" | "claude-code" | "vscode" | "cursor";
  title: string;
  /** Its file for all of this person's projects. */
  file(at: Surroundings): string;
  /** Its file inside a project, for all who work there; undefined where it has none. */
  project: string | undefined;
  /** The object in that file whose keys are the servers' names. */
  key: "mcpServers" | "servers";
  /** It wants to be told that a server speaks over stdin and stdout. */
  typed: boolean;
  /** What a person does until it sees a new server. */
  restart: string;
}

interface Surroundings {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
}

/** As their documentation had it in November 2026. */
export const clients: readonly Client[] = [
  {
    id: "claude-desktop",
    title: "Claude Desktop",
    file: (at) => join(applicationData(at), "Claude/claude_desktop_config.json"),
    project: undefined,
    key: "mcpServers",
    typed: false,
    restart: "Quit Claude Desktop whole (closing its window is not enough) and start it again.",
  },
  {
    id: "claude-code",
    title: "Claude Code",
    file: (at) => join(at.env["CLAUDE_CONFIG_DIR"] || home(at), ".claude.json"),
    project: ".mcp.json",
    key: "mcpServers",
    typed: true,
    restart: "Start Claude Code anew; /mcp shows the server.",
  },
  {
    id: "vscode",
    title: "VS Code",
    file: (at) => join(applicationData(at), "Code/User/mcp.json"),
    project: ".vscode/mcp.json",
    key: "servers",
    typed: true,
    restart: "Open the chat of VS Code in agent mode; “MCP: List Servers” shows the server, and starts it.",
  },
  {
    id: "cursor",
    title: "Cursor",
    file: (at) => join(home(at), ".cursor/mcp.json"),
    project: ".cursor/mcp.json",
    key: "mcpServers",
    typed: false,
    restart: "Restart Cursor, and see in its settings, under MCP, that the server is switched on.",
  },
];

const home = ({ env }: Surroundings) => env["HOME"] || homedir();

/** Where desktop programs made with Electron keep their settings. */
const applicationData = (at: Surroundings) =>
  at.platform === "darwin"
    ? join(home(at), "Library/Application Support")
    : at.env["XDG_CONFIG_HOME"] || join(home(at), ".config");
