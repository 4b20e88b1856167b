import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../src/kit/wait.ts";
import { authorityFile, certificateFor, joinedFile } from "./authority.ts";
import { pullBase } from "./bases.ts";
import { attemptDocker, docker } from "./engine.ts";
import { exclusively } from "./lock.ts";
import type { Lab } from "./names.ts";
import { run, succeeds } from "./shell.ts";
import { makeKey } from "./ssh.ts";

/** A git host with private repositories: NAME lies at `https`/NAME.git and at `ssh`/NAME.git. */
export interface GitHost {
  https: string;
  ssh: string;
  /** The password of HTTPS, under any of the user names that git hosts want. */
  token: string;
  /** Files: the private key for SSH, the authority of HTTPS, the host key of SSH. */
  sshKey: string;
  ca: string;
  knownHosts: string;
}

const [httpsPort, sshPort] = [9443, 9022];
const userNames = ["git", "oauth2", "x-access-token", "x-token-auth", "token"];
const folderOf = (lab: Lab) => join(lab.dir, "git");

/** Starts the lab's git host, or finds the one that runs. */
export async function startGit(lab: Lab): Promise<GitHost> {
  const host = hostOf(lab);
  return exclusively(lab, `git-${lab.name}`, async () => {
    const known = await readFile(join(folderOf(lab), "git.json"), "utf8").catch(() => undefined);
    const container = `${lab.name}-git-host`;
    const running = await attemptDocker(lab, ["container", "inspect", "--format", "{{.State.Status}}", container]);
    if (known !== undefined && running.stdout.trim() === "running")
      return { ...host, ...(JSON.parse(known) as { token: string }) };
    await docker(lab, ["rm", "--force", "--volumes", container]).catch(() => undefined);
    const token = randomBytes(16).toString("hex");
    await create(lab, container, token);
    await pinHostKey(lab, container, host.knownHosts);
    await writeFile(join(folderOf(lab), "git.json"), JSON.stringify({ token }), { mode: 0o600 });
    return { ...host, token };
  });
}

function hostOf(lab: Lab): Omit<GitHost, "token"> {
  return {
    https: `https://${lab.gateway}:${httpsPort}`,
    ssh: `ssh://git@${lab.gateway}:${sshPort}/srv/git`,
    sshKey: join(lab.dir, "ssh", "key"),
    ca: authorityFile(lab),
    knownHosts: join(folderOf(lab), "known_hosts"),
  };
}

async function create(lab: Lab, container: string, token: string): Promise<void> {
  await pullBase(lab, "lab/git:13");
  const files = join(folderOf(lab), "files");
  await mkdir(join(files, ".ssh"), { recursive: true, mode: 0o700 });
  await joinedFile(await certificateFor(lab, "git"), join(files, "tls.pem"));
  await writeFile(join(files, "users"), userNames.map((name) => `${name}:${token}\n`).join(""), { mode: 0o600 });
  await writeFile(join(files, ".ssh", "authorized_keys"), `${(await makeKey(lab)).public}\n`, { mode: 0o600 });
  const ports = [`${lab.gateway}:${httpsPort}:443`, `${lab.gateway}:${sshPort}:22`].flatMap((port) => [
    "--publish",
    port,
  ]);
  await docker(lab, ["create", "--name", container, "--restart", "unless-stopped", ...ports, "lab/git:13"]);
  // By file, so that the token stands in no list of processes.
  await docker(lab, ["cp", `${files}/.`, `${container}:/srv/git/`]);
  await docker(lab, ["start", container]);
}

/** Waits until both doors are open: only then is there a key to pin. */
async function pinHostKey(lab: Lab, container: string, knownHosts: string): Promise<void> {
  const doors = ": </dev/tcp/127.0.0.1/22 && : </dev/tcp/127.0.0.1/443";
  const read = async () => {
    const { code, stdout } = await attemptDocker(lab, [
      ...["exec", container, "bash", "-c"],
      `${doors} && cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub`,
    ]);
    return code === 0 ? stdout.trim() : undefined;
  };
  const key = await until(read, { timeoutMs: 30_000 });
  if (key === undefined) throw new Error(`the git host does not answer: docker logs ${container}`);
  await writeFile(knownHosts, `[${lab.gateway}]:${sshPort} ${key}\n`);
}

/** Makes the folder the newest commit of the repository's branch `main` (the repository too, where there is none): its commit. */
export async function pushFolder(lab: Lab, folder: string, repository: string): Promise<string> {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(repository)) throw new Error(`"${repository}" cannot name a repository`);
  const host = await startGit(lab);
  const bare = `/srv/git/${repository}.git`;
  const asGit = ["exec", "--user", "git", `${lab.name}-git-host`];
  await docker(lab, [...asGit, "git", "init", "--quiet", "--bare", "--initial-branch", "main", bare]);
  const work = await mkdtemp(join(tmpdir(), `${lab.name}-push-`));
  try {
    return await commitAndPush(host, folder, work, `${host.ssh}/${repository}.git`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function commitAndPush(host: GitHost, folder: string, work: string, address: string): Promise<string> {
  const ssh = `ssh -F none -i ${host.sshKey} -o IdentitiesOnly=yes -o UserKnownHostsFile=${host.knownHosts}`;
  const identity = { GIT_AUTHOR_NAME: "Lab", GIT_AUTHOR_EMAIL: "lab@example.test" };
  const committer = { GIT_COMMITTER_NAME: "Lab", GIT_COMMITTER_EMAIL: "lab@example.test" };
  const env = { ...identity, ...committer, GIT_SSH_COMMAND: ssh, GIT_CONFIG_GLOBAL: "/dev/null" };
  const tree = join(work, "tree");
  const git = (...args: string[]) => run("git", ["-C", tree, ...args], { env });
  await cp(folder, tree, {
    recursive: true,
    filter: (path) => !/\/(\.git|node_modules)$/.test(path.slice(folder.length)),
  });
  await git("init", "--quiet", "--initial-branch", "main");
  if (await succeeds("git", ["-C", tree, "fetch", "--quiet", address, "main"], { env })) {
    await git("reset", "--quiet", "--soft", "FETCH_HEAD");
  }
  await git("add", "--all");
  await git("commit", "--quiet", "--allow-empty", "--message", "As it is");
  await git("push", "--quiet", address, "main");
  return git("rev-parse", "HEAD");
}
