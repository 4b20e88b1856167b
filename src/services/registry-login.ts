import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { RegistryLogin } from "../host/docker/pull.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { Config } from "./config.ts";

/** The part of Docker's own config.json that speaks of logins. */
const DockerConfig = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
type DockerConfig = z.infer<typeof DockerConfig>;

/** What a credential helper prints; the name `<token>` says that the secret is a token. */
const Helped = z.object({ Username: z.string(), Secret: z.string() });

/** The key under which Docker has kept the login of its own registry since before there were others. */
const dockerHub = "https://index.docker.io/v1/";

/**
 * The login that `docker login` has left on this computer for exactly this registry (`ghcr.io`, `host:5000`, `docker.io`);
 * undefined: none. It is read each time and kept nowhere. Throws `registry_login_unreadable`.
 */
export async function registryLogin(env: Config["env"], registry: string): Promise<RegistryLogin | undefined> {
  const file = join(env["DOCKER_CONFIG"] || join(env["HOME"] ?? "/", ".docker"), "config.json");
  const config = await readConfig(file);
  if (!config) return undefined;
  const host = hostOf(registry);
  const key = host === "docker.io" ? dockerHub : registry;
  const helper = Object.entries(config.credHelpers ?? {}).find(([name]) => hostOf(name) === host)?.[1];
  const program = helper ?? config.credsStore;
  const helped = program === undefined ? undefined : await askHelper(program, key, env);
  return helped ?? loginIn(config, host);
}

async function readConfig(file: string): Promise<DockerConfig | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return DockerConfig.parse(JSON.parse(text));
  } catch {
    // What it holds is not repeated: it may be a password.
    throw unreadable(file, "It is not the JSON that docker login writes.");
  }
}

/** Keys are a host, or an address whose path says nothing. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return /^(?:index\.|registry-1\.)?docker\.io$/.test(host) ? "docker.io" : host;
}

function loginIn({ auths = {} }: DockerConfig, host: string): RegistryLogin | undefined {
  const found = Object.entries(auths).find(
    ([key, { auth, identitytoken }]) => hostOf(key) === host && (auth || identitytoken),
  );
  if (!found) return undefined;
  const { auth = "", identitytoken } = found[1];
  if (identitytoken) return { identitytoken };
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const at = text.indexOf(":");
  return at < 0 ? undefined : { username: text.slice(0, at), password: text.slice(at + 1) };
}

/** `docker-credential-NAME get`: the registry goes to its standard input, the login comes from its output. */
async function askHelper(name: string, key: string, env: Config["env"]): Promise<RegistryLogin | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) throw unreadable(program, "A credential helper has no such name.");
  const { failure, stdout } = await run(program, key, env);
  // In the words of Docker's own library, which all helpers use.
  if (failure !== undefined && /credentials not found/i.test(stdout)) return undefined;
  const helped = failure === undefined ? helpedIn(stdout) : undefined;
  if (!helped) throw unreadable(program, failure ?? "It printed no login.");
  const { Username, Secret } = helped;
  return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
}

function helpedIn(stdout: string): z.infer<typeof Helped> | undefined {
  try {
    return Helped.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}

function run(
  program: string,
  input: string,
  env: Config["env"],
): Promise<{ failure: string | undefined; stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      ["get"],
      { env: { ...env }, timeout: 20_000, maxBuffer: 1 << 20 },
      // Its error names the command, its output may be a secret.
      (error, stdout) => resolve({ failure: error === null ? undefined : wordsOf(error), stdout }),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(`${input}\n`);
  });
}

const wordsOf = ({ code, killed }: { code?: unknown; killed?: boolean }) =>
  code === "ENOENT" ? "There is no such program in PATH." : killed ? "It did not answer." : `It ended with ${code}.`;

const unreadable = (object: string, cause: string) =>
  new BerthError({
    code: "registry_login_unreadable",
    message: "This computer's login for a registry cannot be read.",
    object: cleanLine(object),
    cause,
    next: "Log in again (docker login REGISTRY), or take the helper out of Docker's config.json.",
  });
