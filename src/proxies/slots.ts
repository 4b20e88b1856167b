import { paths } from "../kit/layout.ts";

/**
 * What tells two instances of the proxy apart that serve beside each other: ports that only this one listens on, to which
 * new connections can be steered past the other, and a folder of its own.
 */
export interface Slot {
  /** Beside 443, with TLS. */
  port: number;
  /** Beside 80. */
  plainPort: number;
  /** On the server: its control socket, and what it is told while it runs. */
  run: string;
}

export const slotAt = (port: number): Slot => ({ port, plainPort: port + 10, run: `${paths.proxyRun}/${port}` });

/** More than two are needed where an instance still has WebSockets while the next one has been replaced already. */
export const slots: readonly Slot[] = Array.from({ length: 8 }, (_, n) => slotAt(8441 + n));

/** As nft writes them: `8441-8448`. */
export const steeredPorts = {
  secure: `${slots.at(0)?.port}-${slots.at(-1)?.port}`,
  plain: `${slots.at(0)?.plainPort}-${slots.at(-1)?.plainPort}`,
};
