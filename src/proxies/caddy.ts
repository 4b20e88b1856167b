import { basename } from "node:path";
import { z } from "zod";
import { sh } from "../host/quote.ts";
import { paths } from "../kit/layout.ts";
import {
  authorities,
  caddyConfiguration,
  configurationFile,
  fileDialled,
  inside,
  pathMatched,
  phaseFile,
  socket,
  upstreamName,
} from "./caddy-configuration.ts";
import { caddyContainer } from "./caddy-container.ts";
import type { ReverseProxy, ServedRoute } from "./proxy.ts";
import type { Slot } from "./slots.ts";

const configurationPath = `${paths.proxyEtc}/${configurationFile}`;

const ask = (run: string, path: string) =>
  ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60"].concat([
    "--unix-socket",
    `${run}/${socket}`,
    `http://localhost${path}`,
  ]);

/**
 * Its socket answers when all has begun, but since 2.11.3 certificates are loaded beside that. What asks for another host
 * than the handshake has named is answered by the proxy itself, with 421.
 */
const handshakes = ({ port }: Slot, hosts: readonly string[]) =>
  sh(
    `curl "$@" | sed -n 's#^[1-9][0-9]* https://\\([^/]*\\)/$#\\1#p'`,
    ...["--silent", "--globoff", "--insecure", "--http1.1", "--head", "--max-time", "5", "--noproxy", "*"],
    ...["--connect-to", `::127.0.0.1:${port}`, "--header", "Host: none.invalid"],
    ...["--write-out", "%{http_code} %{url_effective}\\n"],
    ...hosts.flatMap((host) => ["--output", "/dev/null", `https://${host}/`]),
  );

const ServedRoutes = z.array(
  z.object({
    match: z
      .array(
        z.object({
          host: z.array(z.string()).optional(),
          path_regexp: z.object({ pattern: z.string() }).optional(),
        }),
      )
      .optional(),
    handle: z.array(
      z.object({
        upstreams: z.array(z.object({ dial: z.string() })).optional(),
        handler: z.string(),
      }),
    ),
  }),
);
const Served = z.object({
  apps: z.object({ http: z.object({ servers: z.object({ secure: z.object({ routes: ServedRoutes }) }) }) }),
});

function servedRoutes(configuration: string): ServedRoute[] {
  const { routes } = Served.parse(JSON.parse(configuration)).apps.http.servers.secure;
  return routes.flatMap(({ match = [], handle }) => {
    const upstreams = handle.flatMap(({ upstreams: dialled = [] }) => dialled.map(({ dial }) => fileDialled(dial)));
    const strip = handle.some(({ handler }) => handler === "rewrite");
    if (upstreams.length === 0) return [];
    return match.flatMap(({ host: hosts = [], path_regexp }) =>
      hosts.map((host) => ({ host, path: pathMatched(path_regexp?.pattern), strip, upstreams })),
    );
  });
}

/** Caddy 2.8 or later, in a container on the host's network. */
export const caddy: ReverseProxy = {
  kind: "caddy",
  image: "caddy:2",
  containerName: "berth-proxy",
  configuration: (stacks) => {
    const sorted = [...stacks].sort((a, b) => (a.stack < b.stack ? -1 : 1));
    return {
      path: configurationPath,
      content: `${JSON.stringify(caddyConfiguration(sorted), null, 1)}\n`,
      needs: authorities(sorted),
    };
  },
  upstreamFile: (stack, service, replica) => `${paths.proxyUp}/${upstreamName(stack, service, replica)}`,
  container: caddyContainer,
  validate: (path) => ["caddy", "validate", "--config", `${inside}/${basename(path)}`],
  // Asked over its socket from the server itself: no process more in the container, and the lock guards it as any other act.
  reload: (run) => [
    ...ask(run, "/load"),
    "--header",
    "Content-Type: application/json",
    "--data-binary",
    `@${configurationPath}`,
  ],
  serving: (run) => ask(run, "/config/"),
  certified: handshakes,
  routes: servedRoutes,
  phase: ({ run }, phase) => ({ path: `${run}/${phaseFile}`, content: phase }),
  earlier: { run: paths.proxyRun, files: [`${paths.proxyRun}/${socket}`, `${paths.proxyEtc}/caddy.json`] },
  certificates: {
    volume: "berth-proxy-data",
    // One folder an authority; a wildcard's own folder is not needed while no DNS challenge is offered.
    glob: (host) => `caddy/certificates/*/${host}/${host}.crt`,
  },
};
