import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pushFolder, startGit } from "../../lab/git.ts";
import { openLab } from "../../lab/names.ts";
import { scan } from "../../lab/scan.ts";
import { inServer, rebootServer, removeServer, type Server, startServer, testPassword } from "../../lab/server.ts";
import { attempt, run } from "../../lab/shell.ts";
import { removeSnapshot, saveSnapshot } from "../../lab/snapshot.ts";
import { sshArgs } from "../../lab/ssh.ts";

// What the other tests take for granted in a server of the lab: else what they prove of the product would prove nothing.
const lab = openLab(process.env.BERTH_LAB);
const ssh = (server: Server, ...command: string[]) => run("ssh", [...sshArgs(server), ...command]);

describe.each([
  { name: "lab-13", os: "debian-13", user: "root", version: /^13/ },
  { name: "lab-12", os: "debian-12", user: "sudo", version: /^12/ },
] as const)("a fresh $os server for $user", ({ name, os, user, version }) => {
  let server: Server;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-lab-test-"));
    server = await startServer(lab, name, { os, user });
  });
  afterAll(async () => {
    await removeServer(lab, name);
    await rm(folder, { recursive: true });
  });

  const loginByPassword = async (login: string) => {
    const program = join(folder, "askpass");
    await writeFile(program, `#!/bin/sh\necho ${testPassword}\n`, { mode: 0o700 });
    const args = ["-o", "PubkeyAuthentication=no", ...sshArgs({ ...server, user: login }), "id", "-un"];
    return attempt("ssh", args, { env: { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: "force" } });
  };

  test("runs that system, its user can become root, and nothing of ours is on it", async () => {
    expect(await ssh(server, "cat", "/etc/debian_version")).toMatch(version);
    expect(await ssh(server, ...(user === "sudo" ? ["sudo", "-n"] : []), "id", "-un")).toBe("root");
    expect(await ssh(server, "sh", "-c", "'command -v docker ufw nft caddy || echo none'")).toBe("none");
    expect(await inServer(lab, name, "systemctl", "is-system-running", "--wait")).toBe("running");
  });

  test("takes passwords, as a provider's image does", async () => {
    for (const login of ["root", "mallory"]) expect((await loginByPassword(login)).stdout.trim()).toBe(login);
  });

  test("answers other containers on both addresses, on the SSH port alone", async () => {
    expect(await scan(lab, name)).toEqual({ v4: [22], v6: [22] });
  });

  test("keeps address and host key over a reboot", async () => {
    const bootOf = () => inServer(lab, name, "stat", "-c", "%Y", "/proc/1");
    const before = await bootOf();
    expect(await rebootServer(lab, name)).toEqual(server);
    expect(await bootOf()).not.toBe(before);
  });
});

test("a server from a snapshot is the same machine at another address", async () => {
  try {
    const first = await startServer(lab, "lab-first");
    await ssh(first, "sh", "-c", "'mkdir -p /var/lib/docker/x && echo kept | tee /var/lib/docker/x/a /root/b'");
    await saveSnapshot(lab, "lab-first", "lab-test");
    const second = await startServer(lab, "lab-second", { from: "lab-test" });
    expect(second.hostKey).toBe(first.hostKey);
    expect(second.address).not.toBe(first.address);
    expect(await ssh(second, "cat", "/var/lib/docker/x/a", "/root/b")).toBe("kept\nkept");
    const group = JSON.parse(await ssh(second, "cat", "/etc/docker/daemon.json"))["cgroup-parent"];
    expect(group).toBe(`/${lab.name}/lab-second/containers`);
  } finally {
    for (const name of ["lab-first", "lab-second"]) await removeServer(lab, name);
    await removeSnapshot(lab, "lab-test");
  }
});

test("the git host gives a repository to its token or key, and to nobody else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-lab-test-"));
  try {
    await writeFile(join(folder, "a.txt"), "one\n");
    const commit = await pushFolder(lab, folder, "lab-test");
    const host = await startGit(lab);
    const address = `${host.https}/lab-test.git`;
    const ask = (token: string) => {
      const header = `http.extraHeader=Authorization: Basic ${Buffer.from(`git:${token}`).toString("base64")}`;
      const env = { GIT_SSL_CAINFO: host.ca, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_GLOBAL: "/dev/null" };
      return attempt("git", ["-c", header, "ls-remote", address, "main"], { env });
    };
    expect((await ask(host.token)).stdout).toBe(`${commit}\trefs/heads/main\n`);
    expect((await ask("wrong")).code).not.toBe(0);
    expect(await readFile(host.knownHosts, "utf8")).toContain("ssh-ed25519");
  } finally {
    await rm(folder, { recursive: true });
  }
});
