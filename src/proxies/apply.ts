import type Docker from "dockerode";
import { readFile, writeFile } from "../host/files.ts";
import type { Host, Lock } from "../host/host.ts";
import { canonicalJson } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { paths } from "../kit/layout.ts";
import { clean } from "../kit/text.ts";
import { checkConfiguration } from "./check.ts";
import type { ProxyConfiguration, ReverseProxy } from "./proxy.ts";
import { readRoutes } from "./routes.ts";

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

/** Looks at what is wanted by all stacks' routes, what lies there, and what the running proxy says that it serves. */
export async function lookAtConfiguration({ host, proxy }: Pick<ProxyAccess, "host" | "proxy">): Promise<ProxyState> {
  const wanted = proxy.configuration(await readRoutes(host));
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
 * Makes the configuration from all stacks' routes, and makes it take effect: checked, then renamed into place, then loaded
 * by the proxy that runs, if one does. A bad one changes nothing: the proxy goes on with what it has.
 * Throws `proxy_routes_invalid`, `route_conflict`, `proxy_configuration_invalid` and `proxy_reload_failed`.
 */
export async function applyProxyConfiguration(access: ProxyAccess): Promise<void> {
  const { host, lock, proxy } = access;
  const { wanted, written, served } = await lookAtConfiguration({ host, proxy });
  if (!written) {
    await prepareFolders(lock);
    for (const { path, content } of wanted.needs) await writeFile(lock, path, content, { mode: "600" });
    // A bad file in place would keep the proxy from starting after a reboot, so it is checked beside it first.
    const candidate = `${paths.proxyEtc}/next-${wanted.path.slice(paths.proxyEtc.length + 1)}`;
    await writeFile(lock, candidate, wanted.content, { mode: "600" });
    await checkConfiguration(access, candidate);
    await lock.run(["mv", "-f", "--", candidate, wanted.path]);
  }
  if (served === false) await reload(access);
}

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
