import type { ServedRoute } from "./proxy.ts";
import type { Slot } from "./slots.ts";

/** A container of the proxy. */
export interface Instance {
  id: string;
  /** `current` has the proxy's own name; `next` shall take its place; `draining` had it, and gets nothing new. */
  role: "current" | "next" | "draining";
  name: string;
  /** null: made by an earlier version of Berth, which knew of no second instance. */
  slot: Slot | null;
  running: boolean;
  /** What it was made from; two of one spec differ in their slots alone. */
  spec: string | undefined;
  /** It is open on all of its ports. */
  listens: boolean;
  /** Of the configuration: the wanted one; another; another that has no host, so that nobody can be there; it does not say. */
  serves: "wanted" | "other" | "no-host" | "unknown";
  /** What it says that it serves. */
  routes: readonly ServedRoute[];
  /** Of the next one: hosts that the current one hands out a certificate for, and it does not yet. */
  lacks: readonly string[];
  created: string;
}

export const isUp = ({ running, listens, serves, lacks }: Instance): boolean =>
  running && listens && serves !== "unknown" && lacks.length === 0;

/** All that the next move depends on, seen on the server at one moment. */
export interface World {
  current: Instance | undefined;
  next: Instance | undefined;
  draining: readonly Instance[];
  /** Names of the units that wait until an instance has been left by all. */
  units: readonly string[];
  /** The port that new connections are steered to. */
  steered: number | null;
  /** Why they cannot be steered: the firewall that would drop them. */
  unsteerable: string | null;
  /** Ports on which anybody listens. */
  taken: readonly number[];
}

/** The instance that new connections meet. */
export function metBy({ current, next, draining, steered }: World): Instance | undefined {
  if (steered === null) return current;
  return [current, next, ...draining].find((instance) => instance?.slot?.port === steered);
}

/** What shall be: one instance made from `spec` that serves the wanted configuration. */
export interface Wanted {
  spec: string;
  /** The instance with this id shall be replaced, though nothing is wrong with it. */
  notThis?: string;
}

export const nameOf = (proxy: string, role: "current" | "next"): string =>
  role === "current" ? proxy : `${proxy}-next`;

export const drainingName = (proxy: string, { slot }: Pick<Instance, "slot">): string =>
  `${proxy}-draining-${slot?.port ?? "earlier"}`;

/** All units that wait for an instance, as a pattern; the name of each ends with its seconds. */
export const drainUnits = ({ slot }: Pick<Instance, "slot">): string => `berth-drain-${slot?.port ?? "earlier"}-*`;

/** The unit that ends an instance when it has been left by all, and after so many seconds at the latest. */
export const drainUnit = (instance: Pick<Instance, "slot">, seconds: number): string =>
  drainUnits(instance).replace("*", String(seconds));

/** The fewest seconds after which one of the units ends it; undefined where none waits for it. */
export function endsWithin(instance: Pick<Instance, "slot">, units: readonly string[]): number | undefined {
  const own = drainUnits(instance).replace("*", "");
  const seconds = units.flatMap((unit) => (unit.startsWith(own) ? [Number(unit.slice(own.length))] : []));
  return seconds.length === 0 ? undefined : Math.min(...seconds);
}
