import { sha256 } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";

const toNumber = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (number: number) => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

function range(cidr: string): { from: number; to: number } | undefined {
  const [address = "", bits = "32"] = cidr.split("/");
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) return undefined;
  const size = 2 ** (32 - Number(bits));
  const from = Math.floor(toNumber(address) / size) * size;
  return { from, to: from + size - 1 };
}

const overlap = (a: string, b: string) => {
  const [x, y] = [range(a), range(b)];
  return x !== undefined && y !== undefined && x.from <= y.to && y.from <= x.to;
};

/**
 * A /24 of 172.30.0.0/15 that overlaps nothing that the server can reach. Small and from one place: Docker's own pools are
 * large, few, and sometimes somebody's office network. Each stack begins to look elsewhere, by its name, since two that are
 * planned for one server at the same time do not see each other's.
 */
export function chooseSubnet(taken: readonly string[], stack: string): string {
  const first = Number.parseInt(sha256(stack).slice(0, 8), 16);
  for (let n = 0; n < 512; n++) {
    const subnet = `${toAddress(toNumber("172.30.0.0") + ((first + n) % 512) * 256)}/24`;
    if (!taken.some((other) => overlap(subnet, other))) return subnet;
  }
  throw new BerthError({
    code: "no_subnet",
    message: "No free network is left for the stack.",
    object: "172.30.0.0/15",
    cause: `all 512 subnets overlap a network of the server (${taken.length} seen)`,
    next: "Remove networks that nobody uses on the server: docker network prune",
  });
}

/** How many pairs of addresses there are below .128, from .10 on. */
export const mostPairs = 59;

export type Pair = [string, string];

/** Fixed addresses lie below .128; what the Engine hands out by itself lies above, so that it can never take one. */
export function layoutOf(subnet: string) {
  const base = toNumber(subnet.split("/")[0] ?? "");
  return {
    subnet,
    gateway: toAddress(base + 1),
    ipRange: `${toAddress(base + 128)}/25`,
    /** All pairs of fixed addresses, in order. */
    pairs: Array.from(
      { length: mostPairs },
      (_, n): Pair => [toAddress(base + 10 + 2 * n), toAddress(base + 11 + 2 * n)],
    ),
  };
}

interface Addressed {
  name: string;
  addresses: readonly Pair[];
}

/**
 * A pair for each replica of each service: what a service had in `last` it keeps, since a container cannot move. Others get
 * pairs that nobody had there while there are any, since what leaves still runs while what is new begins.
 */
export function allocate(
  pairs: readonly Pair[],
  wanted: readonly { name: string; replicas: number }[],
  last: readonly Addressed[],
): Map<string, Pair[]> {
  const known = new Map(pairs.map((pair) => [pair[0], pair]));
  const kept = wanted.map(({ name, replicas }) => {
    const before = last.find((one) => one.name === name)?.addresses ?? [];
    return before
      .map(([first]) => known.get(first))
      .filter((pair) => pair !== undefined)
      .slice(0, replicas);
  });
  const had = new Set(last.flatMap(({ addresses }) => addresses.map(([first]) => first)));
  const taken = new Set(kept.flat().map(([first]) => first));
  const free = pairs.filter(([first]) => !taken.has(first));
  const next = [...free.filter(([first]) => !had.has(first)), ...free.filter(([first]) => had.has(first))];
  const all = new Map<string, Pair[]>();
  for (const [n, { name, replicas }] of wanted.entries()) {
    const own = kept[n] ?? [];
    all.set(name, [...own, ...next.splice(0, replicas - own.length)]);
  }
  return all;
}
