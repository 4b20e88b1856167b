import { BlockList, isIP } from "node:net";
import { demoNetworks } from "../store/meta.ts";
import type { Store } from "../store/store.ts";
import { notAPerson } from "./failure.ts";

/** Variables that coding agents set for the commands they run. Some are set for a person's terminal in the same editor. */
const agentVariables = [
  "AI_AGENT",
  "AGENT",
  "AMP_CURRENT_THREAD_ID",
  "ANTIGRAVITY_AGENT",
  "AUGMENT_AGENT",
  "CLAUDECODE",
  "CLAUDE_CODE",
  "CLAUDE_CODE_ENTRYPOINT",
  "CLAUDE_CODE_IS_COWORK",
  "CLINE_ACTIVE",
  "CODEX_CI",
  "CODEX_SANDBOX",
  "CODEX_SANDBOX_NETWORK_DISABLED",
  "CODEX_THREAD_ID",
  "COPILOT_CLI",
  "CRUSH",
  "CURSOR_AGENT",
  "CURSOR_TRACE_ID",
  "GEMINI_CLI",
  "GOOSE_TERMINAL",
  "KIRO_AGENT_PATH",
  "OPENCODE",
  "OPENCODE_CLIENT",
  "PI_CODING_AGENT",
  "QWEN_CODE",
  "ROO_ACTIVE",
] as const;

/** The name of an agent's variable in an environment; undefined where a person seems to be there. */
export const agentIn = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  agentVariables.find((name) => env[name] !== undefined && env[name] !== "");

/**
 * Throws `agent_refused` where an agent seems to hold the shell: a grant by terminal or flag needs a person there.
 *
 * The demo and the tests must run under an agent too. The store that they make for themselves says so in itself, and
 * only code that makes a new store can say it; for servers (IP addresses) in the lab's networks, named then, an agent's
 * variables do not count.
 *
 * What this is worth: it stops an agent that does as it is told, or that tries `--yes` because it was in the way. An
 * agent that wants to get round it can unset its variables, write such a store itself with `sqlite3`, or sign with the
 * key where no passphrase seals it. Against that only another operating-system user helps.
 */
export function assertPerson(
  store: Store,
  env: Readonly<Record<string, string | undefined>>,
  servers: readonly string[],
) {
  const variable = agentIn(env);
  if (variable === undefined || isDemo(store, servers)) return;
  throw notAPerson(variable, store.folder);
}

function isDemo(store: Store, servers: readonly string[]): boolean {
  const networks = demoNetworks(store);
  if (!networks || servers.length === 0) return false;
  const lab = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    lab.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return servers.every((server) => isIP(server) !== 0 && lab.check(server, isIP(server) === 6 ? "ipv6" : "ipv4"));
}
