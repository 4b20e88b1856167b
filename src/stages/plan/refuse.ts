import { BerthError } from "../../kit/error.ts";
import type { Service as AnalysedService } from "../analysis/schema.ts";
import type { Survey } from "../survey/schema.ts";
import { listens } from "./ports.ts";
import type { Plan } from "./schema.ts";
import type { PlannedStore } from "./stores.ts";
import type { Wishes } from "./wishes.ts";

interface Parts {
  services: readonly AnalysedService[];
  stores: readonly PlannedStore[];
}

/** What was wished of a service before that the source has no more is not wished; of one that it never had is refused later. */
export function withoutGone(wishes: Wishes, { services, stores }: Parts, last: Plan | null): Wishes {
  const there = new Set([...services.map(({ name }) => name), ...stores.map(({ backing }) => backing.name)]);
  const had = new Set([...(last?.services ?? []), ...(last?.backing ?? [])].map(({ name }) => name));
  const stays = (name: string) => there.has(name) || !had.has(name);
  const { services: wished, publish, ...rest } = wishes;
  return {
    ...rest,
    ...(wished && { services: Object.fromEntries(Object.entries(wished).filter(([name]) => stays(name))) }),
    ...(publish && { publish: publish.filter(({ service }) => stays(service)) }),
  };
}

/** Throws `no_such_service`, `impossible_wish`, `port_taken`: what no plan can do, before one is made. */
export function refuseImpossible(wishes: Wishes, parts: Parts, survey: Survey, last: Plan | null): void {
  const names = parts.services.map(({ name }) => name);
  const backing = parts.stores.map((store) => store.backing.name);
  for (const [name, { memoryMegabytes: _, ...others }] of Object.entries(wishes.services ?? {})) {
    known(name, [...names, ...backing]);
    const [first] = Object.keys(others);
    if (backing.includes(name) && first !== undefined)
      throw impossible(
        name,
        `${name} is a database of Berth's own`,
        `Of it, memory alone can be wished, not ${first}.`,
      );
  }
  for (const { service, path } of wishes.routes ?? []) {
    known(service, names);
    if (!parts.services.some((one) => one.name === service && listens(one)))
      throw impossible(
        service,
        `No address can lead to ${service}`,
        `It listens on no port, and ${path} shall lead there.`,
      );
  }
  refuseTwice(wishes.routes ?? [], ({ host = "", path }) => `${host}${path}`, "address");
  for (const { service } of wishes.publish ?? []) known(service, [...names, ...backing]);
  refusePorts(wishes.publish ?? [], survey, last);
}

type PortWish = Pick<NonNullable<Wishes["publish"]>[number], "port" | "hostPort" | "protocol">;

function refusePorts(publish: NonNullable<Wishes["publish"]>, { server }: Survey, last: Plan | null): void {
  const text = ({ port, hostPort = port, protocol }: PortWish) => `${hostPort}/${protocol}`;
  refuseTwice(publish, text, "port of the server");
  const open = new Set(
    [...(last?.services ?? []), ...(last?.backing ?? [])].flatMap((part) => part.published.map(text)),
  );
  for (const wish of publish) {
    if (["80/tcp", "443/tcp"].includes(text(wish))) throw portTaken(text(wish), "the proxy", wish.service);
    if (server.sshPorts.some((port) => `${port}/tcp` === text(wish))) throw portTaken(text(wish), "SSH", wish.service);
    // Docker's own process may be what publishes this very port, or another container that is stopped before.
    const holder = server.listeners.find(
      ({ port, protocol, process }) => `${port}/${protocol}` === text(wish) && process !== "docker-proxy",
    );
    if (holder && !open.has(text(wish))) throw portTaken(text(wish), holder.process ?? "another program", wish.service);
  }
}

function refuseTwice<T extends { service: string }>(
  wishes: readonly T[],
  place: (wish: T) => string,
  what: string,
): void {
  const seen = new Map<string, string>();
  for (const wish of wishes) {
    const before = seen.get(place(wish));
    if (before !== undefined)
      throw impossible(
        place(wish),
        `One ${what} is wished twice`,
        `It is wished for ${before} and for ${wish.service}.`,
      );
    seen.set(place(wish), wish.service);
  }
}

function known(name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new BerthError({
    code: "no_such_service",
    message: "The plan has no such service.",
    object: name,
    cause: `A wish names it, and there are: ${names.join(", ")}.`,
    next: "Wish it again under one of these names.",
  });
}

const impossible = (object: string, message: string, cause: string) =>
  new BerthError({
    code: "impossible_wish",
    message: `${message}.`,
    object,
    cause,
    next: "Leave this wish out, or wish something else.",
  });

const portTaken = (port: string, who: string, service: string) =>
  new BerthError({
    code: "port_taken",
    message: `Port ${port} on the server is taken by ${who}.`,
    object: port,
    cause: `It was wished for ${service}.`,
    next: `Wish another port of the server: --publish ${service}:PORT:HOSTPORT`,
  });
