import { labels, paths } from "../kit/layout.ts";
import { configurationFile, inside } from "./caddy-configuration.ts";
import type { Slot } from "./slots.ts";

const megabyte = 1024 * 1024;

/**
 * The proxy's container: the host's network (so that it sees clients' addresses, IPv6 too), nothing writable but its
 * certificates and its socket, no right but the low ports. Idle it takes 14 MiB; a check of a new configuration in it 40 more.
 */
export const caddyContainer = (image: string, slot: Slot, marks: Record<string, string>): Record<string, unknown> => ({
  Image: image,
  Labels: { ...marks, [labels.port]: String(slot.port) },
  Cmd: ["caddy", "run", "--config", `${inside}/${configurationFile}`],
  Env: [
    "XDG_DATA_HOME=/data",
    "XDG_CONFIG_HOME=/config",
    `BERTH_PORT=${slot.port}`,
    `BERTH_PLAIN_PORT=${slot.plainPort}`,
  ],
  // Longer than the configuration's grace_period.
  StopTimeout: 40,
  HostConfig: {
    NetworkMode: "host",
    RestartPolicy: { Name: "unless-stopped" },
    // Folders, not files: a file renamed into place would not be seen through a mount of the file itself.
    Binds: [`${paths.proxyEtc}:/etc/caddy:ro`, `${slot.run}:/run/caddy`, "berth-proxy-data:/data"],
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
