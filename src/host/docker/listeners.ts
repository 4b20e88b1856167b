export interface Listener {
  port: number;
  /** Reachable only from inside its own container. */
  loopback: boolean;
}

/**
 * Who listens for TCP, from the text of `/proc/net/tcp` and `tcp6`: `sl local_address rem_address st …`, addresses in hex,
 * each four bytes in the machine's order (little-endian wherever we deploy to); state 0A listens.
 */
export function parseListeners(tables: string): Listener[] {
  const listening = tables.matchAll(/^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ 0A /gm);
  const found = new Map<number, Listener>();
  for (const [, address = "", hex = ""] of listening) {
    // Docker's own resolver listens there in every container of a network.
    if (address === "0B00007F") continue;
    const port = Number.parseInt(hex, 16);
    // One port may be open on several addresses; any that is reachable counts.
    found.set(port, { port, loopback: isLoopback(address) && (found.get(port)?.loopback ?? true) });
  }
  return [...found.values()].sort((a, b) => a.port - b.port);
}

/** 127.0.0.0/8, ::1, and 127.0.0.0/8 written as IPv6. */
const isLoopback = (address: string) =>
  /^.{6}7F$/.test(address) || address === "00000000000000000000000001000000" || /^0{16}FFFF0000.{6}7F$/.test(address);
