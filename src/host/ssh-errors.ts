import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";

interface Server {
  host: string;
  port: number;
  user: string;
}

const reasons: Record<string, string> = {
  ECONNREFUSED: "Nothing listens on that port (connection refused).",
  ENOTFOUND: "No such name: it has no address.",
  EAI_AGAIN: "The name could not be looked up just now.",
  EHOSTUNREACH: "No way leads there (host unreachable).",
  ENETUNREACH: "No way leads there (network unreachable).",
  ETIMEDOUT: "It did not answer in time.",
  ECONNRESET: "It ended the connection before SSH began.",
};

export function unreachable(
  { host, port }: Server,
  error: (Error & { code?: unknown }) | undefined,
  through?: string,
): BerthError {
  const message = error?.message ?? "";
  const known = reasons[String(error?.code ?? "")] ?? (/timed out/i.test(message) ? reasons.ETIMEDOUT : undefined);
  const cause = known ?? `SSH could not be set up: ${cleanLine(message)}`;
  return new BerthError({
    code: "host_unreachable",
    message: "The server could not be reached by SSH.",
    object: `${host}:${port}`,
    cause: through === undefined ? cause : `Through ${through}: ${cause}`,
    next: `Check that the server is up, its name and SSH port are right, and its firewall lets you in: ssh -p ${port} ${host}`,
  });
}

export const loginRefused = ({ user, host, port }: Server, tried: string, error: Error | undefined) =>
  new BerthError({
    code: "login_refused",
    message: `The server does not let ${user} in with the keys at hand.`,
    object: `${user}@${host}:${port}`,
    cause: `${cleanLine(error?.message ?? "")}: ${tried}.`,
    next: `Put your public key into that user's ~/.ssh/authorized_keys (ssh-copy-id -p ${port} ${user}@${host}), or name the right user and key.`,
  });

export const connectionLost = (name: string, reason: Error | undefined) =>
  new BerthError({
    code: "connection_lost",
    message: "The SSH connection ended. Whether the last command finished there is not known.",
    object: name,
    cause: cleanLine(reason?.message ?? "The server closed it."),
    next: "Repeat the command: it looks at the server first and goes on from what it finds.",
  });
