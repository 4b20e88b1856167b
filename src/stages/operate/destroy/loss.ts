import type Docker from "dockerode";
import { engineIfAny } from "../../../host/docker/engine-if-any.ts";
import type { Host } from "../../../host/host.ts";
import { sh } from "../../../host/quote.ts";
import { labels, serverRoot } from "../../../kit/layout.ts";
import { cleanLine, visible } from "../../../kit/text.ts";
import type { Plan } from "../../plan/schema.ts";
import type { NamedVolume } from "./index.ts";

/** What there is of a stack on its server, as far as an Engine answers. */
export interface Loss {
  /** `bytes`: what lies in it; null where that cannot be seen. */
  volumes: (NamedVolume & { bytes: number | null })[];
  containers: string[];
  images: number;
  releases: number;
  /** Names of the other stacks on the server, which stay as they are. */
  others: string[];
}

/** Looks and changes nothing. What the volumes hold is the plan's word; one that it does not know is named too. */
export async function lookAtLoss(plan: Plan, host: Host): Promise<Loss> {
  const engine = await engineIfAny(host);
  const [volumes, containers, images] = engine
    ? await Promise.all([volumesOf(engine, plan, host), containersOf(engine, plan), imagesOf(engine, plan)])
    : [[], [], 0];
  const stacks = await namesIn(host, `${serverRoot}/stacks`);
  const releases = await namesIn(host, `${serverRoot}/stacks/${plan.stack}/releases`);
  const others = stacks.filter((name) => name !== plan.stack).map((name) => cleanLine(name, 40));
  return { volumes, containers, images, releases: releases.length, others };
}

const labelOf = ({ stack }: Plan) => ({ filters: { label: [`${labels.stack}=${stack}`] } });

async function volumesOf(engine: Docker, plan: Plan, host: Host): Promise<Loss["volumes"]> {
  const { Volumes } = await engine.listVolumes({ filters: JSON.stringify(labelOf(plan).filters) });
  const found = Volumes.toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  // In kilobytes of the disk. One that is gone meanwhile has no line of its own, so each is asked by itself.
  const script = 'for d; do du -sk -- "$d" 2>/dev/null | cut -f1 | grep . || echo -; done';
  const listed = found.length === 0 ? "" : await host.read(sh(script, ...found.map(({ Mountpoint }) => Mountpoint)));
  const sizes = listed.split("\n");
  return found.map(({ Name }, n) => {
    const holds = plan.volumes.find(({ name }) => name === Name)?.holds ?? "data of an earlier version";
    return { name: Name, holds, bytes: /^\d+$/.test(sizes[n] ?? "") ? Number(sizes[n]) * 1024 : null };
  });
}

async function containersOf(engine: Docker, plan: Plan): Promise<string[]> {
  const listed = await engine.listContainers({ all: true, ...labelOf(plan) });
  return listed.map(({ Names }) => (Names[0] ?? "").replace(/^\//, "")).sort();
}

const imagesOf = async (engine: Docker, plan: Plan) => (await engine.listImages(labelOf(plan))).length;

async function namesIn(host: Host, folder: string): Promise<string[]> {
  const listed = await host.read(sh('[ ! -d "$1" ] || ls -1 -- "$1"', folder));
  return listed === "" ? [] : listed.split("\n");
}

/** All that a person has to know before they say that a stack may go. Names of the server's are shown as they are. */
export function renderLoss(plan: Plan, loss: Loss): string {
  const { stack, server } = plan;
  const made = plan.secrets.filter(({ origin }) => origin === "generated").map(({ name }) => name);
  const given = plan.secrets.filter(({ origin }) => origin === "given").map(({ name }) => name);
  const hosts = [...new Set(plan.routes.map(({ host }) => host))];
  const published = [...plan.services, ...plan.backing].flatMap((part) => part.published);
  const lost = [
    ...loss.volumes.map(({ name, holds, bytes }) => `volume ${name}: ${holds} (${sizeOf(bytes)})`),
    ...(made.length > 0 ? [`secrets that were made for it: ${made.join(", ")}`] : []),
    ...(loss.releases > 0 ? [`${loss.releases} releases: nothing can be gone back to`] : []),
  ];
  const removed = [
    ...(loss.containers.length > 0 ? [`containers ${loss.containers.join(", ")}`] : []),
    ...(loss.images > 0 ? [`${loss.images} images that were built for it`] : []),
    ...(hosts.length > 0 ? [`from the proxy: ${hosts.join(", ")}`] : []),
    ...published.map(({ hostPort, protocol }) => `from the firewall: ${hostPort}/${protocol}, unless another wants it`),
  ];
  const stays = [
    ...(hosts.length > 0 ? [`certificates of ${hosts.join(", ")}: on the server until they run out`] : []),
    ...(given.length > 0 ? [`secrets that you set: ${given.join(", ")}, sealed on this computer`] : []),
    "the server itself: its packages, firewall and proxy, and images that came from registries",
    ...(loss.others.length > 0 ? [`other stacks: ${loss.others.join(", ")}`] : []),
  ];
  return [
    `Destroy ${stack} on ${server.user}@${server.host}:${server.port}`,
    ...["", "Lost for good:", ...(lost.length > 0 ? lost : ["no data: it has no volume"]).map(line)],
    ...(removed.length > 0 ? ["", "Removed:", ...removed.map(line)] : []),
    ...["", "Stays:", ...stays.map(line)],
  ].join("\n");
}

const line = (text: string) => `  - ${visible(text)}`;

function sizeOf(bytes: number | null): string {
  if (bytes === null) return "size unknown";
  const units = ["kB", "MB", "GB", "TB"];
  let [size, unit] = [bytes / 1000, 0];
  while (size >= 1000 && unit < units.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}
