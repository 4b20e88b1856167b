import { endsWithin, type Instance, isUp, type Wanted, type World } from "./instances.ts";
import { type Slot, slots } from "./slots.ts";

/** One change to the server. After any of them, or in the middle of one, the next look finds out what is to be done. */
export type Move =
  | { kind: "create"; role: "current" | "next"; slot: Slot }
  /** Until it listens and answers; where it does not, it failed. */
  | { kind: "start"; instance: Instance }
  /** The wanted configuration, without a second instance. */
  | { kind: "reload"; instance: Instance }
  /** New connections go to this instance alone; null: to whoever listens. */
  | { kind: "steer"; to: Slot | null }
  | { kind: "set-aside"; instance: Instance }
  | { kind: "promote"; instance: Instance }
  /** Left to itself until all have left it, but no longer than that. */
  | { kind: "drain"; instance: Instance; seconds: number }
  /** Stopped and removed now. */
  | { kind: "remove"; instance: Instance };

const day = 24 * 3600;
/** How long WebSockets are kept by an instance that was replaced: they see no change of routes, but an update has its reason. */
const drainSeconds = { sameSpec: day, otherSpec: 60, earlier: 10, unsteered: 10 };

/**
 * What is to be done first; undefined where all is as it shall be. The whole hand-over from one instance to the next is
 * nothing but this, asked again and again, so that whoever comes after a crash goes on with it.
 */
export function nextMove(world: World, wanted: Wanted): Move | undefined {
  const { steered, unsteerable } = world;
  // Steered to where a firewall has come between, nobody would get through.
  if (unsteerable !== null && steered !== null) return { kind: "steer", to: null };
  return finishHandOver(world, wanted) ?? settleCurrent(world, wanted) ?? tidy(world);
}

/** Of the next instance: does it take the current one's place, or is it none that we want? */
function finishHandOver(world: World, wanted: Wanted): Move | undefined {
  const { current, next, steered, unsteerable } = world;
  if (!next) return undefined;
  if (!current) return { kind: "promote", instance: next };
  const isSteered = next.slot !== null && steered === next.slot.port;
  if (isSteered) {
    if (!next.running) return { kind: "steer", to: current.running ? current.slot : null };
    // Everything new goes there already.
    return { kind: "set-aside", instance: current };
  }
  const isWanted = made(next, wanted) && !fits(current, wanted);
  // Once it has run it may have been asked: then it is never just removed.
  if (!isWanted) return { kind: next.running ? "set-aside" : "remove", instance: next };
  if (!isUp(next)) return beforeItListens(current, world) ?? { kind: "start", instance: next };
  if (next.serves !== "wanted") return { kind: "set-aside", instance: next };
  return unsteerable === null ? { kind: "steer", to: next.slot } : { kind: "set-aside", instance: current };
}

/**
 * Both listen on 443, and the kernel would give half of the new connections to one that listens before it has loaded its
 * certificates: so all go to the current one alone until the next one is up.
 */
function beforeItListens(current: Instance, { steered, unsteerable }: World): Move | undefined {
  const { slot, listens } = current;
  return slot && listens && unsteerable === null && steered !== slot.port ? { kind: "steer", to: slot } : undefined;
}

function settleCurrent(world: World, wanted: Wanted): Move | undefined {
  const { current, unsteerable } = world;
  if (!current) return creation("current", world);
  if (!made(current, wanted)) {
    // With nobody to lose, one after the other: sooner over, and nothing of it is left.
    const lonely = !current.running || current.serves === "no-host";
    return lonely ? { kind: "remove", instance: current } : creation("next", world);
  }
  if (!isUp(current)) return { kind: "start", instance: current };
  if (current.serves === "wanted") return undefined;
  // A reload ends kept connections and handshakes, but a second instance that is not steered to would be worse: two answers.
  if (current.serves === "no-host" || unsteerable !== null) return { kind: "reload", instance: current };
  return creation("next", world);
}

function tidy({ current, draining, units, steered, unsteerable }: World): Move | undefined {
  if (current?.slot && unsteerable === null && steered !== current.slot.port && draining.some(({ running }) => running))
    return { kind: "steer", to: current.slot };
  for (const left of draining) {
    const [within, seconds] = [endsWithin(left, units), secondsFor(left, current, unsteerable)];
    if (within === undefined && !left.running) return { kind: "remove", instance: left };
    // Kept for its WebSockets through changed routes, it may have to go sooner since: an update is for them too.
    if (within === undefined || (left.running && seconds < within)) return { kind: "drain", instance: left, seconds };
  }
  return steered !== null && draining.length === 0 && units.length === 0 ? { kind: "steer", to: null } : undefined;
}

function secondsFor(left: Instance, current: Instance | undefined, unsteerable: string | null): number {
  if (unsteerable !== null) return drainSeconds.unsteered;
  // It does not tell its visitors that it ends, so its idle ones would stay for minutes.
  if (left.slot === null) return drainSeconds.earlier;
  return left.spec === current?.spec ? drainSeconds.sameSpec : drainSeconds.otherSpec;
}

/** In a free slot; where there is none, the instance that drains longest ends now. */
function creation(role: "current" | "next", { current, draining, taken }: World): Move | undefined {
  const used = [current, ...draining].map((instance) => instance?.slot?.port);
  const isFree = ({ port, plainPort }: Slot) =>
    !used.includes(port) && !taken.includes(port) && !taken.includes(plainPort);
  const slot = slots.find(isFree);
  if (slot) return { kind: "create", role, slot };
  const [oldest] = draining.toSorted((a, b) => (a.created < b.created ? -1 : 1));
  if (oldest) return { kind: "remove", instance: oldest };
  throw new RangeError("every port that the proxy could use beside 80 and 443 is taken");
}

const made = ({ id, spec }: Instance, wanted: Wanted) => spec === wanted.spec && id !== wanted.notThis;
const fits = (instance: Instance, wanted: Wanted) =>
  made(instance, wanted) && isUp(instance) && instance.serves === "wanted";
