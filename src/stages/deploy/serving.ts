import type Docker from "dockerode";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { labels } from "../../kit/layout.ts";
import { putBackBacking } from "./backing-before.ts";
import { containersOf, findContainer, remove, type Seen, startIfStopped, stop } from "./containers.ts";
import { failedContainer } from "./names.ts";
import { readUpstreams } from "./upstreams.ts";

/** A service of the plan: the containers that it shall run in, and the files that the proxy finds them by. */
export const Placed = z.object({
  stack: z.string(),
  service: z.string(),
  release: z.string(),
  /** One for each replica. */
  containers: z.array(z.string()).min(1),
  /** Of the first replica; null where it has no route. */
  upstreamFile: z.string().nullable(),
});
export type Placed = z.infer<typeof Placed>;

/** All that a release replaces: what fails in one of its parts takes all of them back. */
export const Whole = z.object({ services: z.array(Placed), backing: z.array(z.string()) });
export type Whole = z.infer<typeof Whole>;

/** A service's containers, stopped ones too, oldest first; the failed ones that are kept for their logs are none of them. */
export async function containersOfService(
  engine: Docker,
  { stack, service }: Pick<Placed, "stack" | "service">,
): Promise<Seen[]> {
  const all = await containersOf(engine, stack, ["service"]);
  const failed = failedContainer(stack, service);
  return all.filter(({ name, labels: marks }) => marks[labels.service] === service && name !== failed);
}

/**
 * The containers that a service is served by now: those that the proxy is pointed at, else (no route, or nothing there) those
 * that were well once and are of one make with the oldest. Whatever else there is was begun by a run that did not end.
 */
export async function servingOf(engine: Docker, placed: Placed, host: Host): Promise<Seen[]> {
  const own = await containersOfService(engine, placed);
  return served(own, await servedAddresses(placed, host));
}

/** Pure. `own`: oldest first. */
export function served(own: readonly Seen[], addresses: readonly string[]): Seen[] {
  const pointedAt = own.filter(({ address }) => address !== null && addresses.includes(address));
  if (pointedAt.length > 0) return pointedAt;
  // Until it was well for the first time, nothing starts a container anew.
  const well = own.filter(({ restart }) => restart === "unless-stopped");
  return well.filter((container) => container.labels[labels.spec] === well[0]?.labels[labels.spec]);
}

/**
 * After a failure: the stack is served by what served it before, all of it or none, so that no two versions mix. What the
 * release had started is stopped and kept for its log; a service that nothing served before stays as it is.
 */
export async function putBack(engine: Docker, { services, backing }: Whole, host: Host): Promise<void> {
  for (const name of backing) await putBackBacking(engine, name);
  for (const placed of services) {
    const own = await containersOfService(engine, placed);
    const { aside, back } = wayBack(own, placed, await servedAddresses(placed, host));
    for (const container of aside) await setAside(engine, placed, container);
    for (const { name } of back) await startIfStopped(engine, name);
  }
}

/** What a service's release had begun, and what served before it; both empty where nothing did. Pure. */
export function wayBack(
  own: readonly Seen[],
  { containers, release, upstreamFile }: Placed,
  addresses: readonly string[],
): { aside: Seen[]; back: Seen[] } {
  const planned = own.filter(({ name }) => containers.includes(name));
  const isPointedAt = ({ address }: Seen) => address !== null && addresses.includes(address);
  // Unchanged but for their number: the release goes on with some of what there was.
  const kept =
    upstreamFile === null
      ? planned.filter(({ labels: marks }) => marks[labels.release] !== release)
      : planned.filter(isPointedAt);
  const before = served(
    own.filter(({ name }) => !containers.includes(name)),
    addresses,
  );
  if (kept.length === 0 && before.length === 0) return { aside: [], back: [] };
  // One log is kept: of what has ended, else of the first replica.
  const aside = planned
    .filter((container) => !kept.includes(container))
    .toSorted((a, b) => containers.indexOf(b.name) - containers.indexOf(a.name))
    .toSorted((a, b) => Number(a.status === "exited") - Number(b.status === "exited"));
  return { aside, back: [...kept, ...before] };
}

/** Stops a container and keeps it for its log, in the place of the one that was kept before. */
async function setAside(engine: Docker, { stack, service }: Placed, { id }: Seen): Promise<void> {
  await stop(engine, id);
  const name = failedContainer(stack, service);
  const earlier = await findContainer(engine, name);
  if (earlier) await remove(engine, earlier.id, { scratch: true });
  await engine.getContainer(id).rename({ name });
}

async function servedAddresses({ upstreamFile }: Placed, host: Host): Promise<string[]> {
  if (upstreamFile === null) return [];
  const files = await readUpstreams(host, [upstreamFile]);
  return files.map(({ content }) => content.split(":")[0] ?? "");
}
