import { type Described, filled } from "./file.ts";

export interface ComposePort {
  port: number;
  /** On the host; null where the Engine chooses one. */
  hostPort: number | null;
  protocol: "tcp" | "udp";
  /** Only programs on the host itself reach it. */
  local: boolean;
  /** Its place in the list. */
  index: number;
}

const maxRange = 100;

/** `ports` in both forms: `[IP:][HOST:]CONTAINER[/PROTOCOL]` with ranges, and `target`, `published`. */
export function portsOf(ports: Described["ports"]): ComposePort[] {
  return (ports ?? []).flatMap((entry, index) => {
    if (typeof entry === "string") return short(filled(entry).text, index);
    const published = entry.published === undefined ? "" : filled(entry.published).text;
    return pairs(filled(entry.target).text, published, entry.protocol, entry.host_ip ?? "", index);
  });
}

function short(text: string, index: number): ComposePort[] {
  const [, address = "", host = "", container = "", protocol] =
    /^(?:(\[[^\]]*\]|[^:[\]]*):)??(?:([\d-]*):)?([\d-]+)(?:\/(\w+))?$/.exec(text.trim()) ?? [];
  return pairs(container, host, protocol, address, index);
}

function pairs(
  container: string,
  host: string,
  protocol: string | undefined,
  address: string,
  index: number,
): ComposePort[] {
  const targets = rangeOf(container);
  const hosts = rangeOf(host);
  return targets.map((port, n) => ({
    port,
    // A range on the host for one port in the container: the Engine chooses.
    hostPort: hosts.length === targets.length ? (hosts[n] ?? null) : null,
    protocol: protocol?.toLowerCase() === "udp" ? "udp" : "tcp",
    local: /^(?:127\.|\[?::1\]?$|localhost$)/.test(address),
    index,
  }));
}

function rangeOf(text: string): number[] {
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined) return [];
  const count = Math.min(Math.max(Number(last ?? first) - Number(first) + 1, 0), maxRange);
  return Array.from({ length: count }, (_, n) => Number(first) + n).filter((port) => port > 0 && port < 65536);
}
