import { accessSync, constants, statSync } from "node:fs";
import { agentIn } from "../../approval/agent.ts";
import { cleanLine } from "../../kit/text.ts";
import type { Program } from "../install/entry.ts";
import { bad, type Check, ok, warn } from "./check.ts";

/** What each variable that cli.ts reads holds. */
const variables: Readonly<Record<string, "file" | "address" | "text">> = {
  BERTH_HOME: "text",
  BERTH_IDENTITY: "file",
  BERTH_GIT_TOKEN: "text",
  BERTH_GIT_TOKEN_HOST: "text",
  BERTH_GIT_KEY: "file",
  BERTH_GIT_KNOWN_HOSTS: "file",
  BERTH_GIT_CA: "file",
  BERTH_CA_BUNDLE: "file",
  BERTH_TRUSTED_ROOTS: "file",
  BERTH_ACME_CA: "file",
  BERTH_ACME_DIRECTORY: "address",
  BERTH_ACME_EMAIL: "text",
  BERTH_ALLOW_PRIVATE_ADDRESSES: "text",
  BERTH_ELICITATION: "text",
  NODE_EXTRA_CA_CERTS: "file",
};

/** What the environment says to Berth. No value is shown that could be a secret. */
export const environmentChecks = ({ env }: Program): Check[] => [...ours(env), agents(env), model(env)];

function ours(env: Program["env"]): Check[] {
  const set = Object.keys(env).filter((name) => name.startsWith("BERTH_") || (name in variables && env[name] !== ""));
  const wrong = set.sort().flatMap((name) => problemOf(name, env[name] ?? ""));
  const names = set.filter((name) => name.startsWith("BERTH_"));
  if (wrong.length > 0) return wrong;
  return [
    ok("variables", names.length > 0 ? `${names.map((name) => cleanLine(name)).join(", ")}` : "no BERTH_* is set"),
  ];
}

function problemOf(name: string, value: string): Check[] {
  const kind = variables[name];
  if (kind === undefined)
    return [warn(cleanLine(name), "Berth knows no variable of this name", `Unset it, or correct it: ${known()}`)];
  switch (kind) {
    case "file":
      return isReadable(value)
        ? []
        : [bad(name, `names a file that cannot be read: ${cleanLine(value)}`, `Correct ${name}, or unset it.`)];
    case "address":
      return URL.canParse(value)
        ? []
        : [bad(name, `is no address: ${cleanLine(value)}`, `Set ${name} to an https:// address, or unset it.`)];
    case "text":
      return [];
  }
}

const known = () =>
  Object.keys(variables)
    .filter((name) => name.startsWith("BERTH_"))
    .join(", ");

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function agents(env: Program["env"]): Check {
  const variable = agentIn(env);
  if (variable === undefined)
    return ok("person", "no coding agent's variable is set: you can approve on this terminal");
  return warn(
    "person",
    `${variable} is set, as coding agents do: nothing can be approved here`,
    "Approve in a terminal of your own: berth approve REQUEST",
  );
}

function model(env: Program["env"]): Check {
  if (env["ANTHROPIC_API_KEY"]) return ok("ANTHROPIC_API_KEY", "is set (not shown): `berth agent` can talk to a model");
  return warn(
    "ANTHROPIC_API_KEY",
    "is not set: `berth agent` needs it, everything else does without",
    "Set it, or use Berth from a client of yours (berth install CLIENT) or by hand (berth up).",
  );
}
