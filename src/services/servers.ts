import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { putServer, removeServer, serverOf, servers } from "../store/servers.ts";
import type { Berth } from "./berth.ts";

export interface ServerLine {
  name: string;
  target: string;
  /** Pinned once a plan that shows it was approved. */
  hostKey: string | null;
}

export const listServers = ({ store }: Berth): ServerLine[] =>
  servers(store).map(({ name, target, hostKey }) => ({ name, target, hostKey }));

/** A name for an address. Giving it again forgets the pinned key: the person says that it is another machine. */
export function addServer({ store }: Berth, name: string, target: string, identityFile: string | undefined): void {
  const facts = identityFile === undefined ? {} : { identityFile };
  putServer(store, { name, target, hostKey: null, facts, updated: new Date().toISOString() });
}

/** Forgets a server and its pinned key; the server itself is left alone. Throws `no_such_server`. */
export function forgetServer({ store }: Berth, name: string): void {
  if (!serverOf(store, name)) throw noSuchServer(name);
  removeServer(store, name);
}

const noSuchServer = (name: string) =>
  new BerthError({
    code: "no_such_server",
    message: "This computer knows no server of this name.",
    object: cleanLine(name),
    cause: "It was never named here, or is in another state folder.",
    next: "berth servers list",
  });
