import { basename, dirname } from "node:path";
import { readFile, writeFile } from "../host/files.ts";
import type { Lock } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { paths } from "../kit/layout.ts";
import type { ProxyAccess, ProxyView } from "./access.ts";
import { checkConfiguration } from "./check.ts";
import { handOver } from "./hand-over.ts";
import { type Instance, metBy } from "./instances.ts";
import { nextMove } from "./next-move.ts";
import type { ProxyConfiguration, ServedRoute, StackRoutes } from "./proxy.ts";
import { readRoutes, routesFile, routesText, withChange } from "./routes.ts";
import { seeProxy, specOf } from "./see.ts";

export interface ProxyState {
  wanted: ProxyConfiguration;
  /** The wanted configuration lies in its place, so that it is what serves after a restart. */
  written: boolean;
  /** One instance, made as it shall be, serves what is wanted, and nothing of a hand-over is left to be done. */
  settled: boolean;
  current: Instance | undefined;
  /** What new connections meet, also while another stack's hand-over is under way. */
  met: readonly ServedRoute[];
  /** What the current instance is made from is what it shall be made from. */
  sameSpec: boolean;
}

/**
 * Looks at what is wanted by all stacks' routes, what lies there, and what the running proxy says that it serves.
 * `change`: what one stack will want, instead of what its file says now.
 */
export async function lookAtProxy(view: ProxyView, change?: StackRoutes): Promise<ProxyState> {
  const { host, proxy } = view;
  const wanted = proxy.configuration(withChange(await readRoutes(host, change?.stack), change));
  const files = await Promise.all(
    [wanted, ...wanted.needs].map(async ({ path, content }) => (await readFile(host, path)) === content),
  );
  const world = await seeProxy(view, wanted.content);
  const spec = specOf(view);
  return {
    wanted,
    written: files.every(Boolean),
    settled: nextMove(world, { spec }) === undefined,
    current: world.current,
    met: metBy(world)?.routes ?? [],
    sameSpec: world.current?.spec === spec,
  };
}

/**
 * Makes the configuration from all stacks' routes and puts it in its place, checked: what starts now starts with it. `change`:
 * what one stack has of it, whatever its file says.
 */
export async function writeProxyConfiguration(access: ProxyAccess, change?: StackRoutes): Promise<void> {
  const { wanted, written } = await lookAtProxy(access, change);
  await prepareFolders(access.lock);
  if (written) return;
  await checkFirst(access, wanted);
  await putFile(access.lock, wanted.path, wanted.content);
}

/**
 * Makes the proxy serve what all stacks want: the configuration is checked, renamed into place, and taken up without a lost
 * request. `change`: one stack's new routes, written with it; without any, the stack's file goes. What fails changes
 * nothing: the proxy goes on with what it has, and another stack's deploy is not in its way. Throws `proxy_routes_invalid`,
 * `route_conflict`, `proxy_configuration_invalid`, and what `handOver` throws.
 */
export async function applyProxy(access: ProxyAccess, change?: StackRoutes): Promise<void> {
  const { host, lock } = access;
  const { wanted, written } = await lookAtProxy(access, change);
  await prepareFolders(lock);
  if (!written) await checkFirst(access, wanted);
  const places = [wanted.path, ...(change ? [routesFile(change.stack)] : [])];
  const before = await Promise.all(places.map(async (path) => ({ path, content: await readFile(host, path) })));
  if (change) await putFile(lock, routesFile(change.stack), change.routes.length > 0 ? routesText(change) : undefined);
  if (!written) await putFile(lock, wanted.path, wanted.content);
  try {
    await handOver(access, { configuration: wanted.content });
  } catch (error) {
    // What the proxy did not take now it would not take after a reboot either.
    if (isRefusal(error)) for (const { path, content } of before) await putFile(lock, path, content);
    throw error;
  }
}

/** An instance that has just begun takes the current one's place: what waits between two tries, as for a certificate, tries now. */
export async function renewProxy(access: ProxyAccess): Promise<void> {
  // What begins reads the file: one that another version of Berth has made would never be what is wanted.
  await writeProxyConfiguration(access);
  const { wanted, current } = await lookAtProxy(access);
  await handOver(access, { configuration: wanted.content, ...(current && { notThis: current.id }) });
}

const isRefusal = (error: unknown) =>
  error instanceof BerthError && ["proxy_not_up", "proxy_reload_failed"].includes(error.code);

/** A bad file in its place would keep the proxy from starting after a reboot, so it is checked beside it. */
async function checkFirst(access: ProxyAccess, { path, content, needs }: ProxyConfiguration): Promise<void> {
  const { lock } = access;
  for (const file of needs) await putFile(lock, file.path, file.content);
  const candidate = `${dirname(path)}/next-${basename(path)}`;
  await putFile(lock, candidate, content);
  try {
    await checkConfiguration(access, candidate);
  } finally {
    await putFile(lock, candidate, undefined);
  }
}

const putFile = (lock: Lock, path: string, content: string | undefined): Promise<unknown> =>
  content === undefined ? lock.run(["rm", "-f", "--", path]) : writeFile(lock, path, content, { mode: "0600" });

/** Folders that the proxy's container mounts, root's alone. */
const prepareFolders = (lock: Lock) =>
  lock.run(["install", "-d", "-m", "700", paths.proxyRoutes, paths.proxyUp, paths.proxyRun, `${paths.proxyEtc}/trust`]);
