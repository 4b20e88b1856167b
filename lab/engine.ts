import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";
import { need } from "./packages.ts";
import { processesOf, startDaemon, stopProcesses, untilDaemon } from "./processes.ts";
import { attempt, type RunOptions, run, succeeds } from "./shell.ts";

// The distribution's own client: a newer one in PATH refuses BuildKit without its buildx plugin.
const client = existsSync("/usr/bin/docker") ? "/usr/bin/docker" : "docker";
const majorOf = async (program: string) => Number(/version (\d+)/.exec(await run(program, ["--version"]))?.[1]);

/** Installs Engine and client, where they are missing; since release 23 a client builds only with a plugin of its own package. */
export async function needEngine(): Promise<void> {
  await need("dockerd", "docker", "iptables", "ip");
  if ((await majorOf(client)) >= 23) await need("docker-buildx");
}

const environment = (lab: Lab) => ({ DOCKER_HOST: lab.engine, DOCKER_BUILDKIT: "1", DOCKER_CONTEXT: "" });

/** `docker ARGS` on the lab's Engine: standard output; throws where it fails. */
export const docker = (lab: Lab, args: string[], options: RunOptions = {}): Promise<string> =>
  run(client, args, { ...options, env: { ...environment(lab), ...options.env } });

/** As `docker`, for one that may fail. */
export const attemptDocker = (lab: Lab, args: string[], options: RunOptions = {}) =>
  attempt(client, args, { ...options, env: { ...environment(lab), ...options.env } });

/** The words of such a command, for another process to run. */
export const dockerWords = (lab: Lab, ...args: string[]): string[] => [client, "--host", lab.engine, ...args];

/** Whether it answers within ten seconds. */
export const engineAnswers = (lab: Lab): Promise<boolean> =>
  succeeds(client, ["version"], { env: environment(lab), timeoutMs: 10_000 });

/** Starts the lab's own Engine; what a killed one left is cleared first. */
export async function startEngine(lab: Lab): Promise<void> {
  if (await engineAnswers(lab)) return;
  if (processesOf(lab, "dockerd").length > 0) await stopProcesses(lab, "dockerd");
  await rm(join(lab.run, "docker.pid"), { force: true });
  await mkdir(lab.run, { recursive: true });
  const version = await majorOf("dockerd");
  // Its own file: else dockerd reads the machine's /etc/docker/daemon.json, and fails where the two differ. Older ones
  // keep a key in /etc/docker, unless the file (no flag does) names another place.
  const config = join(lab.dir, "daemon.json");
  await writeFile(config, JSON.stringify(version < 23 ? { "deprecated-key-path": join(lab.dir, "key.json") } : {}));
  startDaemon(lab, "dockerd", "dockerd", daemonArgs(lab, config, version));
  await untilDaemon(lab, "dockerd", async () => ((await engineAnswers(lab)) ? true : undefined));
}

/**
 * Two ways in which a second Engine breaks the first, both seen: it empties the DOCKER chains of iptables, and with
 * --default-address-pool its second start deletes docker0. Hence --iptables=false, and never a pool. The namespaces
 * matter where a system containerd runs: dockerd shares that one if it finds it. --ip-forward would switch IPv6
 * forwarding on for the whole machine, which makes it deaf to its own router's announcements.
 */
function daemonArgs(lab: Lab, config: string, version: number): string[] {
  const value: Record<string, string> = {
    "config-file": config,
    host: lab.engine,
    "data-root": join(lab.dir, "docker"),
    "exec-root": join(lab.run, "docker"),
    pidfile: join(lab.run, "docker.pid"),
    "containerd-namespace": lab.name,
    "containerd-plugins-namespace": `${lab.name}-plugins`,
    "cgroup-parent": `/${lab.name}`,
    "exec-opt": "native.cgroupdriver=cgroupfs",
    bridge: lab.bridge,
    "fixed-cidr": lab.network.replace("/16", "/18"),
    "fixed-cidr-v6": lab.network6,
    ipv6: "true",
    "ip-forward": "false",
    iptables: "false",
    ip6tables: "false",
    "registry-mirror": `http://${lab.registry}`,
    // The http:// makes BuildKit in 20.10 speak it, which a pull alone does not need.
    "insecure-registry": version < 23 ? `http://${lab.registry}` : lab.registry,
  };
  return Object.entries(value).map(([name, word]) => `--${name}=${word}`);
}

/** Sockets that the Engine's killed shims left in the one folder that containerd has for all Engines of the machine. */
export async function removeShimSockets(lab: Lab): Promise<void> {
  const tasks = join(lab.run, "docker/containerd/daemon/io.containerd.runtime.v2.task", lab.name);
  for (const task of await readdir(tasks).catch(() => [])) {
    const address = await readFile(join(tasks, task, "address"), "utf8").catch(() => "");
    const socket = /^unix:\/\/(\/run\/containerd\/s\/[0-9a-f]{64})$/.exec(address)?.[1];
    if (socket !== undefined) await rm(socket, { force: true });
  }
}
