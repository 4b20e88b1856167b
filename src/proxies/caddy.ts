import { basename } from "node:path";
import { z } from "zod";
import { paths } from "../kit/layout.ts";
import {
  authorities,
  caddyConfiguration,
  configurationFile,
  inside,
  phaseFile,
  socket,
  upstreamName,
} from "./caddy-configuration.ts";
import { caddyContainer } from "./caddy-container.ts";
import type { ReverseProxy } from "./proxy.ts";

const configurationPath = `${paths.proxyEtc}/${configurationFile}`;

const ask = (run: string, path: string) =>
  ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60"].concat([
    "--unix-socket",
    `${run}/${socket}`,
    `http://localhost${path}`,
  ]);

const Served = z.object({
  apps: z.object({ tls: z.object({ certificates: z.object({ automate: z.array(z.string()).nullish() }) }) }),
});

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
  upstreamFile: (stack, service) => `${paths.proxyUp}/${upstreamName(stack, service)}`,
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
  hosts: (configuration) => Served.parse(JSON.parse(configuration)).apps.tls.certificates.automate ?? [],
  phase: ({ run }, phase) => ({ path: `${run}/${phaseFile}`, content: phase }),
  earlier: { run: paths.proxyRun, files: [`${paths.proxyRun}/${socket}`, `${paths.proxyEtc}/caddy.json`] },
  certificates: {
    volume: "berth-proxy-data",
    // One folder an authority; a wildcard's own folder is not needed while no DNS challenge is offered.
    glob: (host) => `caddy/certificates/*/${host}/${host}.crt`,
  },
};
