import type { GitAddress } from "./address.ts";

/** How to reach a git server. Nothing is taken from this process' environment, from ~/.gitconfig, ~/.netrc or ~/.ssh. */
export interface GitAccess {
  /** git's program, and the folders where it and ssh are looked for. */
  git: string;
  searchPath: string;
  /** Password or access token for HTTPS; goes to git as the answer to its question, by an environment variable. */
  token?: string | undefined;
  /** Files: a private key without passphrase, the known host keys; and the socket of an agent. */
  sshKey?: string | undefined;
  sshAgent?: string | undefined;
  knownHosts?: string | undefined;
  /** PEM file of the authorities that an HTTPS server may be signed by, instead of the system's. */
  caBundle?: string | undefined;
}

/** The environment of git's processes, to which group.sh adds BERTH_GIT_TOKEN. `files` are those that `openGit` wrote; `home` is an empty folder. */
export function environment(
  { transport, host, user }: GitAddress,
  { git, searchPath, token, sshAgent }: GitAccess,
  files: { config: string; ssh: string; askpass: string },
  home: string,
): Record<string, string> {
  return {
    PATH: searchPath,
    HOME: home,
    BERTH_GIT: git,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: files.config,
    GIT_TERMINAL_PROMPT: "0",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_OPTIONAL_LOCKS: "0",
    ...(transport === "ssh" && {
      BERTH_SSH_CONFIG: files.ssh,
      // A shell reads this line, so the path comes by a variable.
      GIT_SSH_COMMAND: 'ssh -F "$BERTH_SSH_CONFIG"',
      GIT_SSH_VARIANT: "ssh",
      ...(sshAgent !== undefined && { SSH_AUTH_SOCK: sshAgent }),
    }),
    ...(token !== undefined && {
      GIT_ASKPASS: files.askpass,
      BERTH_GIT_USER: user ?? userNames[host] ?? "git",
    }),
  };
}

/** What each host wants as the user name beside an access token; others ignore it. */
const userNames: Record<string, string> = {
  "github.com": "x-access-token",
  "gitlab.com": "oauth2",
  "bitbucket.org": "x-token-auth",
};

/** All of git's configuration: one server, at these addresses, by one protocol; no hooks, helpers or submodules. */
export function gitConfig({ transport, host, port }: GitAddress, addresses: string[], { caBundle }: GitAccess): string {
  const pinned = addresses.map((address) => (address.includes(":") ? `[${address}]` : address)).join(",");
  const sections: Record<string, Record<string, string>> = {
    core: {
      hooksPath: "/dev/null",
      fsmonitor: "false",
      attributesFile: "/dev/null",
      autocrlf: "false",
      protectNTFS: "true",
      protectHFS: "true",
    },
    init: { defaultBranch: "main", templateDir: "" },
    protocol: { allow: "never" },
    [`protocol "${transport}"`]: { allow: "always" },
    // A redirect could lead into a private network; an "alternate" of a dumb server too.
    http: {
      followRedirects: "false",
      curloptResolve: `${host}:${port}:${pinned}`,
      lowSpeedLimit: "1000",
      lowSpeedTime: "30",
      ...(caBundle !== undefined && { sslCAInfo: caBundle }),
    },
    credential: { helper: "" },
    fetch: { recurseSubmodules: "false", unpackLimit: "1" },
    submodule: { recurse: "false" },
    gc: { auto: "0" },
    maintenance: { auto: "false" },
    advice: { detachedHead: "false" },
  };
  return Object.entries(sections)
    .map(([name, values]) =>
      [`[${name}]`, ...Object.entries(values).map(([key, value]) => `\t${key} = ${quoted(value)}`)].join("\n"),
    )
    .join("\n");
}

/** All of ssh's configuration: the host keys and the credentials that were given, and nothing asked. */
export function sshConfig(
  { host, port }: GitAddress,
  addresses: string[],
  { sshKey, sshAgent, knownHosts }: GitAccess,
): string {
  const lines: Record<string, string> = {
    // The connection goes to the address that was looked at; its key must be the one known for the name.
    HostName: addresses[0] ?? host,
    HostKeyAlias: port === 22 ? host : `[${host}]:${port}`,
    BatchMode: "yes",
    ConnectTimeout: "20",
    ServerAliveInterval: "15",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: knownHosts === undefined ? "/dev/null" : quoted(knownHosts),
    GlobalKnownHostsFile: "/dev/null",
    UpdateHostKeys: "no",
    IdentitiesOnly: sshKey === undefined ? "no" : "yes",
    IdentityFile: sshKey === undefined ? "none" : quoted(sshKey),
    IdentityAgent: sshAgent === undefined ? "none" : "SSH_AUTH_SOCK",
    ForwardAgent: "no",
    ClearAllForwardings: "yes",
    PermitLocalCommand: "no",
  };
  return `Host *\n${Object.entries(lines)
    .map(([key, value]) => `  ${key} ${value}\n`)
    .join("")}`;
}

/** For git's and ssh's configuration alike; a path of ours holds neither quotes nor line ends. */
function quoted(value: string): string {
  if (/["\\\n]/.test(value))
    throw new TypeError(
      `a path with a quote, a backslash or a line end cannot be configured: ${JSON.stringify(value)}`,
    );
  return `"${value}"`;
}
