import type { ContainerInspectInfo } from "dockerode";
import { ifThere } from "../host/docker/answers.ts";
import { engineIfAny } from "../host/docker/engine-if-any.ts";
import type { Host } from "../host/host.ts";
import { sh } from "../host/quote.ts";
import { canonicalJson, hashOf } from "../kit/canonical.ts";
import { labels } from "../kit/layout.ts";
import type { ProxyView } from "./access.ts";
import { type Instance, nameOf, type World } from "./instances.ts";
import type { ReverseProxy } from "./proxy.ts";
import { slotAt, slots } from "./slots.ts";
import { lookAtSteering, readSteering } from "./steer.ts";

/** Hash of what an instance is made from, whatever its slot. */
export const specOf = ({ proxy, image }: Pick<ProxyView, "proxy" | "image">): string =>
  hashOf(proxy.container(image, slotAt(0), {})).slice(0, 16);

const units =
  "systemctl list-units --plain --no-legend --no-pager --state=active,activating,deactivating 'berth-drain-*'";

/** The world as it is; `wanted`: the configuration that shall be served. A server without an Engine has no instances. */
export async function seeProxy({ host, proxy }: Pick<ProxyView, "host" | "proxy">, wanted: string): Promise<World> {
  // Units before containers: what has ended in between shows as ended in both.
  const printed = await host.read(sh(`${units}; ${lookAtSteering}`));
  const containers = await containersOf(host);
  const sockets = readSockets(await host.read(["ss", "-Hltnp"]));
  const instances = await Promise.all(
    containers.map(async (found): Promise<Instance> => {
      const instance = describe(found, proxy);
      const ports = instance.slot ? [instance.slot.port, instance.slot.plainPort] : [];
      const open = [80, 443, ...ports].every((port) =>
        sockets.some((one) => one.port === port && one.pids.includes(found.State.Pid)),
      );
      const asked = instance.running && instance.role !== "draining";
      return {
        ...instance,
        listens: instance.running && open,
        ...(asked ? await served(host, proxy, instance, wanted) : silent),
        lacks: [],
      };
    }),
  );
  const find = (role: Instance["role"]) => instances.filter((instance) => instance.role === role);
  const [[current], [next]] = [find("current"), find("next")];
  return {
    current,
    next: next && { ...next, lacks: await lackedBy(next, current, { host, proxy }) },
    draining: find("draining"),
    units: [...printed.matchAll(/^(berth-drain-\S+)\.service /gm)].map(([, unit = ""]) => unit),
    ...readSteering(printed),
    taken: sockets.map(({ port }) => port),
  };
}

async function containersOf(host: Host): Promise<ContainerInspectInfo[]> {
  const engine = await engineIfAny(host);
  const listed = await engine?.listContainers({ all: true, filters: { label: [`${labels.role}=proxy`] } });
  if (!engine || !listed) return [];
  const found = await Promise.all(listed.map(({ Id }) => ifThere(engine.getContainer(Id).inspect())));
  return found.filter((one) => one !== undefined);
}

function describe(
  { Id, Name, State, Config, Created }: ContainerInspectInfo,
  proxy: ReverseProxy,
): Omit<Instance, "listens" | "serves" | "routes" | "lacks"> {
  const name = Name.replace(/^\//, "");
  const roles = (["current", "next"] as const).find((role) => name === nameOf(proxy.containerName, role));
  return {
    id: Id,
    name,
    role: roles ?? "draining",
    slot: slots.find(({ port }) => String(port) === Config.Labels[labels.port]) ?? null,
    running: State.Status === "running",
    spec: Config.Labels[labels.spec],
    created: Created,
  };
}

/** Hosts of both that only the current one has a certificate for: who was steered to the next one now would get none. */
async function lackedBy(
  next: Instance,
  current: Instance | undefined,
  { host, proxy }: Pick<ProxyView, "host" | "proxy">,
): Promise<string[]> {
  const common = hostsOf(next).filter((name) => current && hostsOf(current).includes(name));
  if (!current?.slot || !next.slot || !current.listens || !next.listens || common.length === 0) return [];
  const [there = "", here = ""] = await Promise.all(
    [current.slot, next.slot].map((slot) => host.read(proxy.certified(slot, common))),
  );
  const taken = here.split("\n");
  return there.split("\n").filter((name) => name !== "" && !taken.includes(name));
}

const hostsOf = ({ routes }: Instance) => [...new Set(routes.map((route) => route.host))];

const silent: Pick<Instance, "serves" | "routes"> = { serves: "unknown", routes: [] };

async function served(
  host: Host,
  proxy: ReverseProxy,
  { slot }: Pick<Instance, "slot">,
  wanted: string,
): Promise<Pick<Instance, "serves" | "routes">> {
  const { code, stdout } = await host.exec(proxy.serving(slot?.run ?? proxy.earlier.run));
  if (code !== 0) return silent;
  try {
    const routes = proxy.routes(stdout);
    if (canonicalJson(JSON.parse(stdout)) === canonicalJson(JSON.parse(wanted))) return { serves: "wanted", routes };
    return { serves: routes.length > 0 ? "other" : "no-host", routes };
  } catch {
    // A configuration of somebody else's.
    return { serves: "other", routes: [] };
  }
}

/** Pure: lines of `ss -Hltnp`. */
export const readSockets = (printed: string): { port: number; pids: number[] }[] =>
  printed.split("\n").flatMap((line) => {
    const port = Number(/^\S+\s+\d+\s+\d+\s+\S+:(\d+)\s/.exec(line)?.[1]);
    const pids = [...line.matchAll(/pid=(\d+),/g)].map(([, pid]) => Number(pid));
    return Number.isInteger(port) ? [{ port, pids }] : [];
  });
