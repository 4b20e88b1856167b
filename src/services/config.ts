import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";

/** All that Berth is told from outside. cli.ts reads it from the environment; nothing else does. */
export interface Config {
  /** The state folder: store, keys, sources, logs of runs. */
  home: string;
  /** PATH, HOME, USER, SSH_AUTH_SOCK, DOCKER_HOST …: for ssh, git and the worker, as the person has it. */
  env: Readonly<Record<string, string | undefined>>;
  version: string;
  /** Starts a worker; the run's id comes behind it. */
  workerCommand: readonly [string, ...string[]];
  acme: {
    directory: string;
    email: string | null;
    /** PEM of the authority behind the directory's own certificate, where it is a private one. */
    trust: string | null;
  };
  /** PEM of authorities that answers over HTTPS may come from, beside the system's. */
  trustedRoots: readonly string[];
  /** PEM of the CA bundle that build steps need behind a re-signing proxy. */
  caBundle: string | undefined;
  /** A private key to log in with, tried before those of the SSH configuration. */
  identityFile: string | undefined;
  /** Git servers in private networks may be asked. */
  allowPrivateAddresses: boolean;
  /** How far the answer to an MCP client's own dialog counts as a person's. */
  elicitation: Elicitation;
}

/** `accept`: a yes is enough; `typed`: the stack's name must be typed; `off`: no client is asked. */
const Elicitation = z.enum(["accept", "typed", "off"]);
export type Elicitation = z.infer<typeof Elicitation>;

/** As the environment names it; unset is `accept`. Throws `usage`. */
export function elicitationOf(text: string | undefined): Elicitation {
  if (text === undefined || text === "") return "accept";
  const parsed = Elicitation.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new BerthError({
    code: "usage",
    message: "BERTH_ELICITATION is none of the words that it can be.",
    object: cleanLine(text),
    cause: `It is one of ${Elicitation.options.join(", ")}.`,
    next: "Correct BERTH_ELICITATION, or unset it.",
  });
}

/** Let's Encrypt's production directory: https://letsencrypt.org/docs/acme-protocol-updates/ */
export const defaultAcmeDirectory = "https://acme-v02.api.letsencrypt.org/directory";
