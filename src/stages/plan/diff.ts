import type { Plan } from "./schema.ts";

/**
 * One place where two plans differ: `path` names parts by their names (`services.web.port`); a side that is missing is
 * undefined. Holds text of the repository.
 */
export interface Change {
  path: string;
  from?: unknown;
  to?: unknown;
}

/**
 * What differs between two plans, sorted by path, values whole. Wishes are left out: what they change shows where it
 * takes effect.
 */
export function diffPlans(from: Plan, to: Plan): Change[] {
  const { wishes: _before, ...before } = from;
  const { wishes: _after, ...after } = to;
  return changes("", before, after).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function changes(path: string, from: unknown, to: unknown): Change[] {
  const [before, after] = partsOf(from, to);
  if (!before || !after) return equal(from, to) ? [] : [{ path, from, to }];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.flatMap((name): Change[] => {
    const at = path === "" ? name : `${path}.${name}`;
    if (!before.has(name)) return [{ path: at, to: after.get(name) }];
    if (!after.has(name)) return [{ path: at, from: before.get(name) }];
    return changes(at, before.get(name), after.get(name));
  });
}

type Parts = ReadonlyMap<string, unknown>;

/** Both sides taken apart in one way, where both are objects or lists of objects; else they are compared whole. */
function partsOf(from: unknown, to: unknown): [Parts, Parts] | [undefined, undefined] {
  if (isObjects(from) && isObjects(to)) {
    const key = keyOf(from, to);
    return [byKey(from, key), byKey(to, key)];
  }
  if (isObject(from) && isObject(to)) return [new Map(Object.entries(from)), new Map(Object.entries(to))];
  return [undefined, undefined];
}

type Item = Record<string, unknown>;

const field = (name: string) => (item: Item) =>
  typeof item[name] === "string" || typeof item[name] === "number" ? String(item[name]) : undefined;

/** `shop.example.com/api` of a route; the path `/` is left out. */
const address = ({ host, path }: Item) =>
  typeof host === "string" && typeof path === "string" ? `${host}${path === "/" ? "" : path}` : undefined;

/** `443/tcp` of a port of the server. */
const opening = ({ hostPort, port, protocol }: Item) =>
  typeof protocol === "string" ? `${hostPort ?? port}/${protocol}` : undefined;

/** What a part may be called by, the first that tells all of them apart. */
const keys = [field("name"), address, field("service"), field("image"), field("volume"), opening, field("about")];

const keyOf = (...lists: Item[][]) =>
  keys.find((key) =>
    lists.every((list) => {
      const named = list.map(key);
      return named.every((name) => name !== undefined) && new Set(named).size === list.length;
    }),
  );

const byKey = (list: readonly Item[], key: ((item: Item) => string | undefined) | undefined): Parts =>
  new Map(list.map((item, index) => [key?.(item) ?? String(index), item]));

const isObject = (value: unknown): value is Item =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isObjects = (value: unknown): value is Item[] => Array.isArray(value) && value.every(isObject);

/** Of plain values, and of lists of them. */
const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
