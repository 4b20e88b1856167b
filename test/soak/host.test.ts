import { readFile as readLocal } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker } from "../../lab/engine.ts";
import { containerName, openLab } from "../../lab/names.ts";
import { inServer, removeServer, resetServer, type Server, startServer } from "../../lab/server.ts";
import { look, runAct } from "../../src/host/acts.ts";
import { connectSsh } from "../../src/host/connect.ts";
import { readFile, statOf, writeFile } from "../../src/host/files.ts";
import type { Host } from "../../src/host/host.ts";
import type { SshOptions } from "../../src/host/ssh.ts";
import { resolveTarget, type Target } from "../../src/host/target.ts";
import { until } from "../../src/kit/wait.ts";

// One real server, as root and as a user with sudo: what only sshd, sudo, systemd and the Engine can show. Frozen holders are in
// lease.test.ts.
const lab = openLab(process.env.BERTH_LAB);
const name = "host";
const opened = new Set<Host>();
let server: Server;
let options: SshOptions;

beforeAll(async () => {
  await removeServer(lab, name);
  server = await startServer(lab, name, { user: "sudo" });
  options = { knownHosts: await readLocal(server.knownHosts, "utf8") };
  const host = await connect("deploy");
  await host.read(["sh", "-c", "install -D -m 600 ~deploy/.ssh/authorized_keys /root/.ssh/authorized_keys"]);
  const lock = await host.lock("server", { owner: "test", run: "set-up", ttlSeconds: 30 });
  const command = [
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    "docker.io",
    "docker-cli",
  ];
  await lock.run(["apt-get", "update"]);
  expect(await runAct(host, lock, { name: "engine", command })).toMatchObject({ code: 0 });
  await lock.release();
});

afterAll(async () => {
  await Promise.all([...opened].map((host) => host.close()));
  await removeServer(lab, name);
});

const targetOf = async (user: string): Promise<Target> => {
  const target = await resolveTarget(`ssh://${user}@${server.address}`, { env: {}, identityFile: server.key });
  return { ...target, identitiesOnly: true };
};

async function connect(user: string): Promise<Host> {
  const host = await connectSsh(await targetOf(user), options);
  opened.add(host);
  return host;
}

const code = (value: string) => expect.objectContaining({ code: value });
const holder = (run: string, ttlSeconds = 30) => ({ owner: `${run} on a test`, run, ttlSeconds });

describe.each(["root", "deploy"])("as %s", (user) => {
  test("commands run as root, more of them at once than sshd allows, while the Engine is called", async () => {
    const host = await connect(user);
    expect(await host.read(["id", "-u"])).toBe("0");
    const engine = await host.engine();
    const calls = Array.from({ length: 20 }, () => engine.listContainers());
    const commands = Array.from({ length: 20 }, (_, i) =>
      host.read(["sh", "-c", 'sleep 0.1; echo "$1"', "sh", String(i)]),
    );
    expect(await Promise.all(calls)).toEqual(Array(20).fill([]));
    expect(await Promise.all(commands)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  test("a restart of the Engine and the end of the connection leave no dead stream behind that swallows a call", async () => {
    const host = await connect(user);
    const engine = await host.engine();
    await Promise.all(Array.from({ length: 4 }, () => engine.ping()));
    // Not through a lock, and past systemd's limit on restarts: the world changes while we look.
    await host.read(["sh", "-c", "systemctl reset-failed docker docker.socket; systemctl restart docker"]);
    await Promise.all(Array.from({ length: 4 }, () => engine.ping()));
    await host.close();
    await expect(engine.ping()).rejects.toEqual(code("connection_lost"));
  });

  test("an abort ends the command there with its children", async () => {
    const host = await connect(user);
    const abort = new AbortController();
    const running = host.exec(["sh", "-c", "echo up; sleep 4711 & wait"], {
      signal: abort.signal,
      onOutput: () => abort.abort(),
    });
    await expect(running).rejects.toThrow();
    expect(await inServer(lab, name, "sh", "-c", "grep -lzx 4711 /proc/[0-9]*/cmdline || echo none")).toBe("none");
  });

  test("a port of the server's loopback reaches us, and no longer after close", async () => {
    const host = await connect(user);
    const forward = await host.forwardIn(0, (stream) => stream.end("hello"));
    const ask = ["bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${forward.port} && cat <&3`];
    expect(await host.read(ask)).toBe("hello");
    await forward.close();
    expect((await host.exec(ask)).code).toBe(1);
  });

  test("a file is written whole, with its mode and owner", async () => {
    const host = await connect(user);
    const lock = await host.lock("files", holder("files"));
    const path = `/etc/berth-test/${user}/file`;
    expect(await statOf(host, path)).toBe(undefined);
    await writeFile(lock, path, "it's $HOME é\n", { mode: "0640", owner: "root:daemon" });
    expect(await readFile(host, path)).toBe("it's $HOME é\n");
    expect(await statOf(host, path)).toMatchObject({ mode: "0640", owner: "root:daemon", size: 14 });
    await expect(readFile(host, path, 5)).rejects.toEqual(code("file_too_large"));
    expect(await host.read(["ls", "-A", `/etc/berth-test/${user}`])).toBe("file");
    await lock.release();
  });

  test("a lock keeps others out, and its own run takes it back on a new connection, which ends the old one", async () => {
    const [first, second] = [await connect(user), await connect(user)];
    const lock = await first.lock("own", holder("one", 2));
    const held = second.lock("own", holder("two"));
    await expect(held).rejects.toMatchObject({
      code: "lock_held",
      message: expect.stringContaining("one on a test (run one)"),
    });
    // Longer than its time: the heartbeat keeps it.
    expect(await lock.run(["sh", "-c", "sleep 4; echo done"])).toBe("done");
    expect((await lock.exec(["sh", "-c", "exit 76"])).code).toBe(76);
    const again = await second.lock("own", holder("one"));
    expect(again.number).toBe(lock.number + 1);
    expect(await first.ended).toEqual(code("connection_lost"));
    await expect(lock.run(["true"])).rejects.toEqual(code("connection_lost"));
    await again.release();
    const third = await second.lock("own", holder("two"));
    await expect(again.run(["true"])).rejects.toEqual(code("lock_lost"));
    await third.release();
  });

  test("an act outlives its connection, and whoever calls it again gets its code and all it printed", async () => {
    const first = await connect(user);
    const name = `outlives-${user}`;
    const act = { name, command: ["sh", "-c", "echo one; sleep 3; echo two é; exit 5"] };
    const lock = await first.lock("acts", holder("acts"));
    const cut = runAct(first, lock, { ...act, onOutput: () => void first.close() });
    await expect(cut).rejects.toEqual(code("connection_lost"));
    const second = await connect(user);
    expect(await look(second, name)).toEqual({ state: "running" });
    const again = await second.lock("acts", holder("acts"));
    expect(await runAct(second, again, act)).toEqual({ code: 5, output: "one\ntwo é\n" });
    expect(await look(second, name)).toEqual({ state: "absent" });
    await again.release();
  });
});

test("the power fails in the middle of an act: it is repaired, and started once more", async () => {
  const act = {
    name: "power",
    command: ["sh", "-c", "[ -e /var/tmp/mended ] && echo fine && exit; echo begun; sleep 600"],
    repair: ["sh", "-c", "echo mending; touch /var/tmp/mended"],
  };
  const before = await connect("root");
  const lock = await before.lock("server", holder("power"));
  let printed = "";
  const cut = runAct(before, lock, { ...act, onOutput: (text) => (printed += text) }).catch((error: unknown) => error);
  await until(async () => (printed.includes("begun") ? true : undefined), { timeoutMs: 20_000 });
  await resetServer(lab, name);
  expect(await cut).toEqual(code("connection_lost"));
  const after = await connect("root");
  expect(await look(after, "power")).toEqual({ state: "broken" });
  const again = await after.lock("server", holder("power"));
  const { repair: _, ...unrepaired } = act;
  await expect(runAct(after, again, unrepaired)).rejects.toEqual(code("act_broken"));
  expect(await runAct(after, again, act)).toEqual({ code: 0, output: "fine\n" });
  await again.release();
});

test("what an earlier run left running in its session stops a takeover, which names it", async () => {
  const [first, second] = [await connect("root"), await connect("root")];
  const lock = await first.lock("left", holder("one", 2));
  await lock.run(["sh", "-c", "nohup setsid sleep 4712 >/dev/null 2>&1 9>&- </dev/null & sleep 0.2"]);
  const taken = second.lock("left", holder("one"));
  await expect(taken).rejects.toMatchObject({ code: "takeover_blocked", cause: expect.stringContaining("sleep 4712") });
  await inServer(lab, name, "pkill", "-f", "sleep 4712");
  await (await second.lock("left", holder("one"))).release();
});

test("a server that falls silent ends the connection and all that waits on it; the run goes on on a new one", async () => {
  const first = await connect("root");
  await first.lock("silent", holder("silent"));
  const waiting = first.exec(["sleep", "30"]).catch((error: unknown) => error);
  await docker(lab, ["pause", containerName(lab, name)]);
  expect(await waiting).toEqual(code("connection_lost"));
  expect(await first.ended).toEqual(code("connection_lost"));
  await docker(lab, ["unpause", containerName(lab, name)]);
  const second = await connect("root");
  await (await second.lock("silent", holder("silent"))).release();
});
