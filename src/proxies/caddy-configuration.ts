import { sha256 } from "../kit/canonical.ts";
import { paths } from "../kit/layout.ts";
import type { ServerFile, StackRoute, StackRoutes } from "./proxy.ts";
import { sortedRoutes } from "./routes.ts";

/** As the container sees `paths.proxyEtc`. */
export const inside = "/etc/caddy";
/** In `paths.proxyEtc`. Not caddy.json: an instance of an earlier version that is started anew must find its own. */
export const configurationFile = "proxy.json";
/** In a slot's folder, which the container sees as /run/caddy. */
export const socket = "admin.sock";
export const phaseFile = "phase";

/** With what no name has between the two: `a` and `b-c` would else be `a-b` and `c`, and one stack get the other's visitors. */
export const upstreamName = (stack: string, service: string, replica = 1) =>
  `${stack}_${service}${replica === 1 ? "" : `.${replica}`}`;

const upstreamNames = (stack: string, { service, replicas }: StackRoute) =>
  Array.from({ length: replicas }, (_, n) => upstreamName(stack, service, n + 1));

/** What is dialled is what stands in a file on the server, which the container sees under another path; and back. */
const dialling = (file: string) => `{file.${file.replace(paths.proxyEtc, inside)}}`;
export const fileDialled = (dial: string) => dial.replace(/^\{file\.(.*)\}$/, "$1").replace(inside, paths.proxyEtc);

/** The configuration as Caddy takes it, from the stacks in the order given. */
export function caddyConfiguration(stacks: readonly StackRoutes[]) {
  const hosts = stacks.flatMap(hostsOf);
  return {
    admin: { listen: `unix//run/caddy/${socket}`, config: { persist: false } },
    logging: { logs: { default: { exclude: ["http.log.access"] }, access: accessLog } },
    storage: { module: "file_system", root: "/data/caddy" },
    apps: {
      http: {
        // What is in flight at a reload or a stop may end; the container's stop timeout is longer.
        grace_period: "30s",
        servers: { plain: plainServer(hosts), secure: secureServer(stacks) },
      },
      tls: {
        certificates: { automate: hosts },
        automation: { policies: policies(stacks.filter((stack) => stack.routes.length > 0)) },
      },
    },
  };
}

const hostsOf = ({ routes }: StackRoutes) => [...new Set(routes.map(({ host }) => host))];

/** Neither header values nor query strings: both carry tokens, and whoever reads logs need not hold them. */
const accessLog = {
  writer: { output: "stdout" },
  include: ["http.log.access"],
  encoder: {
    format: "filter",
    wrap: { format: "json" },
    fields: {
      "request>headers": { filter: "delete" },
      resp_headers: { filter: "delete" },
      "request>uri": { filter: "regexp", regexp: "\\?.*", value: "?…" },
    },
  },
};

const serverDefaults = {
  protocols: ["h1", "h2"],
  read_header_timeout: "10s",
  idle_timeout: "2m",
  logs: { default_logger_name: "access" },
  // Redirects are routes of our own, so that a host that nobody wants learns nothing on port 80 either.
  automatic_https: { disable_redirects: true },
};

/** Answers ACME's http-01 challenge by itself, sends known hosts to HTTPS, and knows no other. */
const plainServer = (hosts: readonly string[]) => ({
  listen: [":80", ":{env.BERTH_PLAIN_PORT}"],
  ...serverDefaults,
  protocols: ["h1"],
  automatic_https: { disable: true },
  routes: [
    whileDraining,
    ...(hosts.length > 0
      ? [
          {
            match: [{ host: hosts }],
            handle: [
              withoutServer,
              {
                handler: "static_response",
                status_code: 308,
                headers: { Location: ["https://{http.request.host}{http.request.uri}"] },
              },
            ],
            terminal: true,
          },
        ]
      : []),
    unknownHost,
  ],
});

const secureServer = (stacks: readonly StackRoutes[]) => ({
  listen: [":443", ":{env.BERTH_PORT}"],
  ...serverDefaults,
  // Speaks TLS even while there is no host; a name without a certificate ends in the handshake.
  tls_connection_policies: [{}],
  // One connection, one host: a request for another than the certificate was asked for gets 421.
  strict_sni_host: true,
  routes: [
    whileDraining,
    ...stacks.flatMap(({ stack, routes }) => sortedRoutes(routes).map((one) => route(one, upstreamNames(stack, one)))),
    unknownHost,
  ],
});

/** On HTTP/2 it becomes GOAWAY. Not with a WebSocket's handshake, whose answer says "Connection: Upgrade". */
const whileDraining = {
  match: [{ vars: { [`{file./run/caddy/${phaseFile}}`]: ["draining"] }, not: [{ header: { Upgrade: ["*"] } }] }],
  handle: [{ handler: "headers", response: { set: { Connection: ["close"] } } }],
};

const withoutServer = { handler: "headers", response: { delete: ["Server", "Via"], deferred: true } };
const unknownHost = { handle: [withoutServer, { handler: "static_response", status_code: 404 }] };

const route = ({ host, path, strip }: StackRoute, upstreams: readonly string[]) => ({
  match: [{ host: [host], ...(path === "/" ? {} : { path_regexp: { pattern: patternOf(path) } }) }],
  handle: [
    withoutServer,
    // Not strip_path_prefix, which leaves a path that is the whole prefix as it is.
    ...(strip && path !== "/" ? [{ handler: "rewrite", path_regexp: [{ find: patternOf(path), replace: "/" }] }] : []),
    {
      handler: "reverse_proxy",
      // Read for each request, so that a release needs no reload; missing or dead for a moment is waited for.
      upstreams: upstreams.map((name) => ({ dial: dialling(`${paths.proxyUp}/${name}`) })),
      ...(upstreams.length === 1 ? { load_balancing: waiting } : shared),
      // An application that closes a kept-alive connection just when it is used again would answer 502.
      transport: { protocol: "http", keep_alive: { enabled: false }, dial_timeout: "2s" },
    },
  ],
  terminal: true,
});

const waiting = { try_duration: "5s", try_interval: "100ms" };

/**
 * The replica with the fewest open requests. One that cannot be reached is left out for a second, which is less than a request
 * is held: where all are left out, what arrives waits and is not lost. Tried again elsewhere is what never got there, and GET.
 */
const shared = {
  load_balancing: { selection_policy: { policy: "least_conn" }, ...waiting },
  health_checks: { passive: { fail_duration: "1s", max_fails: 1 } },
};

/** Caddy's own matcher for paths takes upper case for lower case; whole segments, of letters that have a meaning only the dot. */
const patternOf = (path: string) => `^${path.replaceAll(".", "\\.")}(?:/|$)`;
export const pathMatched = (pattern: string | undefined) =>
  pattern === undefined ? "/" : pattern.replace(/^\^|\(\?:\/\|\$\)$/g, "").replaceAll("\\.", ".");

/**
 * While two instances listen, an authority's question about a host that only the new one knows may reach the other. That
 * one finds the answer in their common storage, but looks under the authorities of its own policies alone: so the last
 * policy, of no host and therefore of all unknown ones, names each of them. Nothing is ever ordered by it: only hosts in
 * `automate` are.
 */
function policies(stacks: readonly StackRoutes[]) {
  if (stacks.length === 0) return [];
  const own = stacks.map((stack) => ({ subjects: hostsOf(stack), issuers: [issuer(stack.tls)] }));
  const byDirectory = new Map(stacks.map(({ tls }) => [tls.directory, issuer(tls)]));
  // The last one is Caddy's own authority by default, which most stacks begin with.
  return [...own, { issuers: [...byDirectory.values(), { module: "acme" }] }];
}

const issuer = ({ directory, email, trust }: StackRoutes["tls"]) => ({
  module: "acme",
  ca: directory,
  ...(email === null ? {} : { email }),
  ...(trust === null ? {} : { trusted_roots_pem_files: [`${inside}/trust/${authorityName(trust)}`] }),
});

const authorityName = (pem: string) => `${sha256(pem).slice(0, 16)}.pem`;

/** Caddy takes the authority of an ACME directory as a file only. */
export function authorities(stacks: readonly StackRoutes[]): ServerFile[] {
  const pems = new Set(stacks.flatMap(({ tls }) => (tls.trust === null ? [] : [tls.trust])));
  return [...pems].map((pem) => ({ path: `${paths.proxyEtc}/trust/${authorityName(pem)}`, content: pem }));
}
