import { basename, dirname } from "node:path";
import type Docker from "dockerode";
import { readFile, writeFile } from "../host/files.ts";
import type { Host, Lock } from "../host/host.ts";
import { canonicalJson } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { paths } from "../kit/layout.ts";
import { clean } from "../kit/text.ts";
import { checkConfiguration } from "./check.ts";
import type { ProxyConfiguration, ReverseProxy, StackRoutes } from "./proxy.ts";
import { readRoutes, routesFile, routesText, withChange } from "./routes.ts";

export interface ProxyAccess {
  host: Host;
  engine: Docker;
  /** The server's lock: what stacks share changes under it alone. */
  lock: Lock;
  proxy: ReverseProxy;
  /** The image that checks the configuration: by digest, there already. */
  image: string;
}

export interface ProxyState {
  wanted: ProxyConfiguration;
  /** The wanted configuration lies in its place, so that it is what serves after a restart. */
  written: boolean;
  /** The running proxy serves it; null where no proxy answers. */
  served: boolean | null;
}

/**
 * Looks at what is wanted by all stacks' routes, what lies there, and what the running proxy says that it serves.
 * `change`: what one stack will want, instead of what its file says now.
 */
export async function lookAtConfiguration(
  { host, proxy }: Pick<ProxyAccess, "host" | "proxy">,
  change?: StackRoutes,
): Promise<ProxyState> {
  const wanted = proxy.configuration(withChange(await readRoutes(host), change));
  const files = await Promise.all(
    [wanted, ...wanted.needs].map(async ({ path, content }) => (await readFile(host, path)) === content),
  );
  const answer = await host.exec(proxy.serving());
  return {
    wanted,
    written: files.every(Boolean),
    served: answer.code === 0 ? sameJson(answer.stdout, wanted.content) : null,
  };
}

/**
 * Makes the configuration from all stacks' routes and makes it take effect: checked, then renamed into place, then loaded
 * by the proxy that runs, if one does. `change`: one stack's new routes, written with it; without any, the stack's file
 * goes. What fails changes nothing: the proxy goes on with what it has, and another stack's deploy is not in its way.
 * Throws `proxy_routes_invalid`, `route_conflict`, `proxy_configuration_invalid` and `proxy_reload_failed`.
 */
export async function applyProxyConfiguration(access: ProxyAccess, change?: StackRoutes): Promise<void> {
  const { host, lock } = access;
  const { wanted, written, served } = await lookAtConfiguration(access, change);
  await prepareFolders(lock);
  if (!written) await checkFirst(access, wanted);
  const places = [wanted.path, ...(change ? [routesFile(change.stack)] : [])];
  const before = await Promise.all(places.map(async (path) => ({ path, content: await readFile(host, path) })));
  if (change) await putFile(lock, routesFile(change.stack), change.routes.length > 0 ? routesText(change) : undefined);
  if (!written) await putFile(lock, wanted.path, wanted.content);
  if (served !== false) return;
  try {
    await reload(access);
  } catch (error) {
    // What the proxy did not load now it would not load after a reboot either.
    for (const { path, content } of before) await putFile(lock, path, content);
    throw error;
  }
}

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

async function reload({ lock, proxy }: ProxyAccess): Promise<void> {
  const { code, stdout, stderr } = await lock.exec(proxy.reload());
  if (code === 0) return;
  throw new BerthError({
    code: "proxy_reload_failed",
    message: "The proxy did not take the new configuration; it serves with the earlier one.",
    object: proxy.containerName,
    cause: clean(`${stdout}\n${stderr}`.trim(), 1000),
    next: `Read its log on the server: docker logs --tail 50 ${proxy.containerName}`,
  });
}

function sameJson(one: string, other: string): boolean {
  try {
    return canonicalJson(JSON.parse(one)) === canonicalJson(JSON.parse(other));
  } catch {
    return false;
  }
}
