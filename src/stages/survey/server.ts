import type Docker from "dockerode";
import { z } from "zod";
import { ifThere } from "../../host/docker/answers.ts";
import { engineIfAny } from "../../host/docker/engine-if-any.ts";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { labels, serverRoot } from "../../kit/layout.ts";
import { cleanLine } from "../../kit/text.ts";
import { type ServerFacts, ServerFacts as ServerFactsSchema } from "./server-facts.ts";
import { type Report, readReport } from "./server-report.ts";
import { serverScript } from "./server-script.ts";

/**
 * The server as it is, in one command and a few questions to its Engine, if it has one. Nothing there is changed.
 * Throws `survey_failed` where the answer makes no sense, and what the connection throws.
 */
export async function surveyServer(host: Host, { stack }: { stack: string }): Promise<ServerFacts> {
  const report = readReport(await host.read(sh(serverScript, `${serverRoot}/stacks`, stack)));
  const engine = await surveyEngine(host);
  const facts = ServerFactsSchema.safeParse(factsFrom(report, engine, host));
  if (!facts.success) throw makesNoSense(host, z.prettifyError(facts.error));
  return facts.data;
}

function factsFrom(report: Report, seen: EngineFacts | undefined, host: Host) {
  const { listeners, ourPids, connectionPort, diskFreeMegabytes, ...rest } = report;
  const ours = [...ourPids, ...(seen?.proxy?.pids ?? [])];
  return {
    ...rest,
    root: host.user === "root",
    sshPorts: [...new Set([...rest.sshPorts, connectionPort ?? host.port])].sort((a, b) => a - b),
    listeners: listeners.map((listener) => ({
      ...listener,
      ours: listener.pid !== null && ours.includes(listener.pid),
    })),
    diskFreeMegabytes: { ...diskFreeMegabytes, engine: seen?.diskFreeMegabytes ?? diskFreeMegabytes.engine },
    engine: seen?.engine ?? null,
    networks: seen?.networks ?? [],
    proxyImage: seen?.proxy?.image ?? null,
  };
}

interface EngineFacts {
  engine: NonNullable<ServerFacts["engine"]>;
  networks: ServerFacts["networks"];
  proxy: { pids: number[]; image: string } | undefined;
  diskFreeMegabytes: number | undefined;
}

/** Undefined where no Engine answers: a fresh server has none. */
async function surveyEngine(host: Host): Promise<EngineFacts | undefined> {
  const there = await host.exec(["test", "-S", "/run/docker.sock"]);
  const engine = there.code === 0 ? await engineIfAny(host) : undefined;
  if (!engine) return undefined;
  try {
    const [{ Version, ApiVersion }, info, networks, proxy] = await Promise.all([
      engine.version(),
      engine.info() as Promise<{ LiveRestoreEnabled?: unknown; DockerRootDir?: unknown }>,
      engine.listNetworks(),
      runningProxy(engine),
    ]);
    const root = String(info.DockerRootDir ?? "/var/lib/docker").slice(0, 4096);
    return {
      engine: {
        version: cleanLine(Version, 60),
        api: cleanLine(ApiVersion, 20),
        liveRestore: info.LiveRestoreEnabled === true,
        root: cleanLine(root, 300),
      },
      networks: networks.slice(0, 1000).map(({ Name, IPAM }) => ({
        name: cleanLine(Name, 200),
        subnets: (IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet ? [cleanLine(Subnet, 60)] : [])),
      })),
      proxy,
      diskFreeMegabytes: await freeAt(root, host),
    };
  } catch (error) {
    if (error instanceof BerthError) throw error;
    // An Engine that hangs or lies is as good as none: the plan then starts it, and that step says what is wrong.
    return undefined;
  }
}

/** More than one runs while the next takes over from the one before it: the newest is the one to stay. */
async function runningProxy(engine: Docker): Promise<EngineFacts["proxy"]> {
  const listed = await engine.listContainers({ filters: { label: [`${labels.role}=proxy`] } });
  const found = await Promise.all(listed.map(({ Id }) => ifThere(engine.getContainer(Id).inspect())));
  const instances = found.flatMap((one) => one ?? []).toSorted((a, b) => (a.Created < b.Created ? 1 : -1));
  const [newest] = instances;
  if (!newest) return undefined;
  return { pids: instances.map(({ State }) => State.Pid), image: cleanLine(newest.Config.Image, 300) };
}

async function freeAt(path: string, host: Host): Promise<number | undefined> {
  const { code, stdout } = await host.exec(["df", "-P", "-m", "--", path]);
  const free = Number(stdout.trim().split("\n").at(-1)?.split(/\s+/)[3]);
  return code === 0 && Number.isSafeInteger(free) ? free : undefined;
}

const makesNoSense = (host: Host, cause: string) =>
  new BerthError({
    code: "survey_failed",
    message: "The server's answer to what it is makes no sense.",
    object: host.name,
    cause: cleanLine(cause, 500),
    next: "Berth needs a Debian or Ubuntu server of amd64 or arm64 with systemd: log in and look at /etc/os-release and dpkg --print-architecture.",
  });
