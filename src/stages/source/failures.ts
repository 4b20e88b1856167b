import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";
import type { GitAddress } from "./address.ts";

/** What git said when it failed, as an error that names what to do. The first line that fits wins. */
export function gitFailure(
  error: unknown,
  { url, host, port, transport }: GitAddress,
  hasCredentials: boolean,
): BerthError {
  const words = error instanceof Error ? error.message : String(error);
  const fits = known(transport, hasCredentials, port === 22 ? host : `[${host}]:${port}`).find(({ says }) =>
    says.test(words),
  );
  const cause = clean(words, 600).trim() || "git said nothing.";
  if (!fits) {
    return new BerthError({
      code: "source_unreachable",
      message: "The repository could not be fetched.",
      object: url,
      cause,
      next: "Check the address and this machine's connection, then repeat the command.",
    });
  }
  const { code, message, next } = fits;
  return new BerthError({ code, message, object: url, cause, next });
}

const known = (transport: GitAddress["transport"], hasCredentials: boolean, hostKeyName: string) => [
  {
    says: /No space left on device|Disk quota exceeded/i,
    code: "disk_full_here",
    message: "There is no room left on this computer's disk for the repository.",
    next: "Make room on it (df -h), then try the same again.",
  },
  {
    says: /Host key verification failed|host key is known|REMOTE HOST IDENTIFICATION HAS CHANGED/i,
    code: "git_host_key_refused",
    message: "The git server's host key is not known, or not the one that is known.",
    next: `Compare the server's key with what its operator publishes, then put it as ${hostKeyName} into the file that BERTH_GIT_KNOWN_HOSTS names (~/.ssh/known_hosts where it is not set).`,
  },
  {
    says: /Permission denied|Authentication failed|could not read (?:Username|Password)|HTTP Basic: Access denied|error: 40[13]|Too many authentication failures|Load key/i,
    code: "auth_failed",
    message: hasCredentials
      ? "The git server refused the credentials."
      : "The git server wants credentials, and none were given.",
    next:
      transport === "ssh"
        ? "Set BERTH_GIT_KEY to the file of a private key that may read this repository, or load the key into the SSH agent."
        : "Set BERTH_GIT_TOKEN to an access token that may read this repository (for MCP clients, BERTH_GIT_TOKEN_HOST to its server as well). If it is public, check the address: servers answer the same for one that does not exist.",
  },
  {
    says: /error: 30\d|redirect/i,
    code: "source_moved",
    message: "The git server sends on to another address, which is not followed.",
    next: "Open the address in a browser and give the one that it ends at.",
  },
  {
    says: /not found|does not appear to be a git repository|not a git repository|error: 404|does not exist|not valid: is this a git repository/i,
    code: "not_a_repository",
    message: "There is no git repository at this address.",
    next: "Check the address; a private repository looks the same without credentials.",
  },
  {
    says: /certificate|SSL|TLS|gnutls/i,
    code: "git_certificate_refused",
    message: "The git server's certificate is not trusted.",
    next: "If a private authority signed it, set BERTH_GIT_CA to a PEM file that holds that authority's certificate.",
  },
];
