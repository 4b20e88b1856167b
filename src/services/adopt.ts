import type { Host } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { type KeptStack, readKept, stacksOn } from "../stages/operate/adopt.ts";
import { putAdopted } from "../store/adopted.ts";
import { putPlan } from "../store/plans.ts";
import { putServer, removeServer, serverOf, servers } from "../store/servers.ts";
import { putStack } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import { connect, findServer, type NamedTarget } from "./connect.ts";

interface AdoptionWanted {
  /** An address, or a name that this computer knows. */
  server: string;
  /** What the server is called here, and in the plans that stand there. */
  name?: string | undefined;
  /** All where none is named. */
  stacks: readonly string[];
  /** `SHA256:…`: nothing else is accepted. */
  hostKey?: string | undefined;
}

/** What a server keeps that this computer would take over. */
export interface Adoption {
  server: NamedTarget;
  hostKey: string;
  stacks: KeptStack[];
  /** Stacks that are there and cannot be taken over, with the reason. */
  refused: { stack: string; why: string }[];
}

/** Logs in and reads what the server keeps; changes nothing anywhere. Throws `nothing_to_adopt`, `server_name_taken`. */
export async function lookForAdoption(berth: Berth, wanted: AdoptionWanted): Promise<Adoption> {
  const server = await serverFor(berth, wanted);
  const host = await connect(server, wanted.hostKey ?? server.pinned);
  try {
    const found = await readAll(host, wanted.stacks);
    const named = found.map(({ stack, kept }) => ({
      stack,
      kept: typeof kept === "string" ? kept : ofName(kept, server),
    }));
    return {
      server,
      hostKey: host.hostKey,
      stacks: named.flatMap(({ kept }) => (typeof kept === "string" ? [] : [kept])),
      refused: named.flatMap(({ stack, kept }) => (typeof kept === "string" ? [{ stack, why: kept }] : [])),
    };
  } finally {
    await host.close();
  }
}

/** A name that the person gives counts from the adoption on; one that leads elsewhere here stays as it is. */
async function serverFor({ config, store }: Berth, { server, name }: AdoptionWanted): Promise<NamedTarget> {
  const found = await findServer(config, store, server);
  if (name === undefined || name === found.name) return found;
  if (serverOf(store, name)) {
    const named = await findServer(config, store, name);
    const same = named.target.host === found.target.host && named.target.port === found.target.port;
    if (same && named.target.user === found.target.user) return named;
    throw nameTaken(name, named.stored.target);
  }
  return { ...found, name, stored: { ...found.stored, name } };
}

async function readAll(host: Host, wanted: readonly string[]) {
  const there = await stacksOn(host);
  const lacking = wanted.find((stack) => !there.includes(stack));
  if (there.length === 0 || lacking !== undefined) throw nothingThere(host.name, lacking, there);
  const found: { stack: string; kept: KeptStack | string }[] = [];
  for (const stack of there.filter((one) => wanted.length === 0 || wanted.includes(one)))
    found.push({ stack, kept: await readKept(host, stack) });
  return found;
}

/**
 * Plans name their server, and it is found by that name: a server that could choose it here would become the one that a
 * person means by another's. So it is the person who says it.
 */
function ofName(kept: KeptStack, { name }: NamedTarget): KeptStack | string {
  const called = kept.applied.plan.server.name;
  return called === name
    ? kept
    : `its plans call this server ${JSON.stringify(called)}, and here it is ${JSON.stringify(name)}: if that is right, add --name ${called}`;
}

/** Takes over what was read, by a person's word: from now on this computer knows the server by this key. */
export function adopt({ store, secrets }: Berth, { server, hostKey, stacks: kept }: Adoption): void {
  const at = new Date().toISOString();
  store.write(() => {
    putServer(store, { ...server.stored, hostKey, updated: at });
    forgetTried(store, server);
    for (const { stack, serial, applied, earlier, key, values } of kept) {
      for (const { plan, at: created } of earlier.toReversed())
        putPlan(store, { stack, serial: serial - 1, plan, created });
      putPlan(store, { stack, serial: serial - 1, plan: applied.plan, created: applied.at });
      putAdopted(store, stack, { at, plans: [applied, ...earlier].map(({ hash }) => hash) });
      putStack(store, { name: stack, server: server.name, appliedPlan: applied.hash, serial, updated: applied.at });
      if (key !== null) secrets.adopt(stack, key, values);
    }
  });
}

/** The same address under the name that an `up` has given it before it stopped. */
function forgetTried(store: Store, { name, stored }: NamedTarget): void {
  for (const other of servers(store))
    if (other.name !== name && other.target === stored.target && other.hostKey === null)
      removeServer(store, other.name);
}

const nothingThere = (server: string, stack: string | undefined, there: readonly string[]) =>
  new BerthError({
    code: "nothing_to_adopt",
    message:
      stack === undefined ? "No stack of Berth's stands on this server." : "No such stack stands on this server.",
    object: stack === undefined ? server : `${cleanLine(stack, 80)} on ${server}`,
    cause:
      there.length === 0
        ? "Nothing was ever applied there, or all of it was destroyed."
        : `There are ${there.join(", ")}.`,
    next: "berth up SOURCE --server SERVER begins a new one.",
  });

const nameTaken = (name: string, target: string) =>
  new BerthError({
    code: "server_name_taken",
    message: "Another server has this name here.",
    object: cleanLine(name),
    cause: `${cleanLine(name)} is known here as ${target}.`,
    next: `If that is the same machine, forget it first: berth servers remove ${cleanLine(name)}`,
  });
