import { paths } from "../kit/layout.ts";

const megabyte = 1024 * 1024;

/**
 * The proxy's container: the host's network (so that it sees clients' addresses, IPv6 too), nothing writable but its
 * certificates and its socket, no right but the low ports. Idle it takes 14 MiB; a check of a new configuration in it 40 more.
 */
export const caddyContainer = (image: string, labels: Record<string, string>): Record<string, unknown> => ({
  Image: image,
  Labels: labels,
  Cmd: ["caddy", "run", "--config", "/etc/caddy/caddy.json"],
  Env: ["XDG_DATA_HOME=/data", "XDG_CONFIG_HOME=/config"],
  // Longer than the configuration's grace_period.
  StopTimeout: 40,
  HostConfig: {
    NetworkMode: "host",
    RestartPolicy: { Name: "unless-stopped" },
    // Folders, not files: a file renamed into place would not be seen through a mount of the file itself.
    Binds: [`${paths.proxyEtc}:/etc/caddy:ro`, `${paths.proxyRun}:/run/caddy`, "berth-proxy-data:/data"],
    ReadonlyRootfs: true,
    Tmpfs: { "/tmp": "", "/config": "" },
    CapDrop: ["ALL"],
    CapAdd: ["NET_BIND_SERVICE"],
    SecurityOpt: ["no-new-privileges"],
    Memory: 256 * megabyte,
    PidsLimit: 1024,
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
  },
});
