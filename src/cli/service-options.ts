import { InvalidArgumentError } from "commander";
import { publishOf, routeOf, type Wishes } from "../stages/plan/wishes.ts";

type Publish = NonNullable<ReturnType<typeof publishOf>>;
type RouteWish = NonNullable<ReturnType<typeof routeOf>>;
type ServiceWishes = NonNullable<Wishes["services"]>;

/** `SERVICE=TEXT`, once more: the last word about a service counts. */
function named(text: string, form: string): [string, string] {
  const [, name, value] = /^([^=/]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError(`It has the form ${form}.`);
  return [name, value];
}

const whole = (text: string, form: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`It has the form ${form}, in whole numbers.`);
  return Number(text);
};

export interface Memory {
  /** Of the service that the stack's address leads to. */
  main?: number;
  services: Record<string, number>;
}

/** `512`, or `api=512`. */
export function memory(text: string, before: Memory | undefined): Memory {
  const known = before ?? { services: {} };
  if (!text.includes("=")) return { ...known, main: whole(text, "[SERVICE=]MEGABYTES") };
  const [service, megabytes] = named(text, "[SERVICE=]MEGABYTES");
  return { ...known, services: { ...known.services, [service]: whole(megabytes, "[SERVICE=]MEGABYTES") } };
}

/** `api=3`. */
export function replicas(text: string, before: Record<string, number> | undefined): Record<string, number> {
  const [service, count] = named(text, "SERVICE=NUMBER");
  return { ...before, [service]: whole(count, "SERVICE=NUMBER") };
}

/** `api=1.5`. */
export function cpus(text: string, before: Record<string, number> | undefined): Record<string, number> {
  const [service, count] = named(text, "SERVICE=NUMBER");
  if (!/^\d{1,3}(?:\.\d{1,3})?$/.test(count)) throw new InvalidArgumentError("It has the form SERVICE=NUMBER.");
  return { ...before, [service]: Number(count) };
}

/** `worker=stop-first`. What it may be is the wishes' own affair. */
export function strategy(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const [service, kind] = named(text, "SERVICE=overlap or SERVICE=stop-first");
  return { ...before, [service]: kind };
}

/** `db:5432:15432`; `none` takes back all that were wished before. */
export function publish(text: string, before: Publish[] | undefined): Publish[] {
  if (text === "none") return [];
  const wish = publishOf(text);
  if (!wish) throw new InvalidArgumentError("It has the form SERVICE:PORT[:HOSTPORT][/udp], or none.");
  return [...(before ?? []), wish];
}

/** `/api=api`; `default` goes back to what Berth chooses. */
export function route(text: string, before: RouteWish[] | undefined): RouteWish[] {
  if (text === "default") return [];
  const wish = routeOf(text);
  if (!wish) throw new InvalidArgumentError("It has the form [HOST]PATH=SERVICE, or default.");
  return [...(before ?? []), wish];
}

/** What was said of services one flag at a time, as wishes of each. */
export function serviceWishes(said: {
  memory?: Memory;
  replicas?: Record<string, number>;
  cpus?: Record<string, number>;
  strategy?: Record<string, string>;
}): Record<string, object> | undefined {
  const all = {
    memoryMegabytes: said.memory?.services ?? {},
    replicas: said.replicas ?? {},
    cpus: said.cpus ?? {},
    strategy: said.strategy ?? {},
  } satisfies Record<keyof ServiceWishes[string], object>;
  const names = [...new Set(Object.values(all).flatMap((one) => Object.keys(one)))].sort();
  if (names.length === 0) return undefined;
  const of = (name: string) =>
    Object.entries(all).flatMap(([field, values]): [string, unknown][] => {
      const value = (values as Record<string, unknown>)[name];
      return value === undefined ? [] : [[field, value]];
    });
  return Object.fromEntries(names.map((name) => [name, Object.fromEntries(of(name))]));
}
