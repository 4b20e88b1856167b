import type Docker from "dockerode";
import { z } from "zod";
import { readFile } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { labels } from "../../kit/layout.ts";
import { containersOf, findContainer, remove, type Seen, startIfStopped, stop } from "./containers.ts";
import { failedContainer } from "./names.ts";

/** A service of the plan: the container that it shall run in, and the file that the proxy finds it by. */
export const Placed = z.object({
  stack: z.string(),
  service: z.string(),
  container: z.string(),
  /** null where it has no route. */
  upstreamFile: z.string().nullable(),
});
export type Placed = z.infer<typeof Placed>;

/** A service's containers, stopped ones too, oldest first; the failed one that is kept for its log is none of them. */
export async function containersOfService(engine: Docker, { stack, service }: Placed): Promise<Seen[]> {
  const all = await containersOf(engine, stack, ["service"]);
  const failed = failedContainer(stack, service);
  return all.filter(({ name, labels: marks }) => marks[labels.service] === service && name !== failed);
}

/**
 * The container that a service is served by now: the one that the proxy is pointed at, else (no route, or nothing there)
 * the oldest that runs. Whatever else there is was begun by a run that did not end.
 */
export async function servingOf(engine: Docker, placed: Placed, host: Host): Promise<Seen | undefined> {
  const own = await containersOfService(engine, placed);
  const address = await servedAddress(placed, host);
  return own.find((container) => container.address === address) ?? own.find(({ status }) => status === "running");
}

/**
 * After a failure: each service is served by what served it before, all of them or none, so that no two versions mix. What
 * the release had started is stopped and kept for its log; a service that nothing served before stays as it is.
 */
export async function putBack(engine: Docker, services: readonly Placed[], host: Host): Promise<void> {
  for (const placed of services) {
    const own = await containersOfService(engine, placed);
    const fresh = own.find(({ name }) => name === placed.container);
    const others = own.filter(({ name }) => name !== placed.container);
    const address = await servedAddress(placed, host);
    const old = others.find((container) => container.address === address) ?? others.at(-1);
    if (old === undefined || (fresh?.address !== undefined && fresh.address === address)) continue;
    if (fresh) await setAside(engine, placed);
    await startIfStopped(engine, old.name);
  }
}

/** Stops a container and keeps it for its log, in the place of the one that was kept before. */
async function setAside(engine: Docker, { stack, service, container }: Placed): Promise<void> {
  const failed = await findContainer(engine, container);
  if (!failed) return;
  await stop(engine, failed.id);
  const name = failedContainer(stack, service);
  const earlier = await findContainer(engine, name);
  if (earlier) await remove(engine, earlier.id, { scratch: true });
  await engine.getContainer(failed.id).rename({ name });
}

async function servedAddress({ upstreamFile }: Placed, host: Host): Promise<string | undefined> {
  const upstream = upstreamFile === null ? undefined : await readFile(host, upstreamFile);
  return upstream?.split(":")[0];
}
