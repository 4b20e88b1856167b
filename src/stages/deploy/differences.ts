import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { canonicalJson } from "../../kit/canonical.ts";

/** Of an image: what a container has from it where the plan says nothing. */
export interface ImageSays {
  Env?: string[] | undefined;
  Cmd?: string[] | undefined;
  Entrypoint?: string | string[] | undefined;
  User?: string | undefined;
}

/**
 * In what a container is otherwise than it would be made now. Its label says what it was made from; this is what somebody may
 * have made of it since, by updating it or by making it anew under its name. Pure.
 */
export function differencesOf(
  planned: ContainerCreateOptions,
  { Config, HostConfig }: Pick<ContainerInspectInfo, "Config" | "HostConfig">,
  image: ImageSays,
): string[] {
  const wanted = planned.HostConfig ?? {};
  const pairs: [string, unknown, unknown][] = [
    ["environment", environment(planned.Env ?? [], image), [...new Set(Config.Env ?? [])].sort()],
    ["command", planned.Cmd ?? (planned.Entrypoint ? [] : listed(image.Cmd)), listed(Config.Cmd)],
    ["entrypoint", planned.Entrypoint ?? listed(image.Entrypoint), listed(Config.Entrypoint)],
    ["user", planned.User ?? image.User ?? "", Config.User ?? ""],
    ["volumes", mounts(wanted.Mounts, []), mounts(HostConfig.Mounts, HostConfig.Binds)],
    ["open ports", ports(wanted.PortBindings), ports(HostConfig.PortBindings)],
    ["memory", wanted.Memory ?? 0, HostConfig.Memory ?? 0],
    ["processors", wanted.NanoCpus ?? 0, HostConfig.NanoCpus ?? 0],
    ["rights", rights(wanted.CapAdd, wanted.CapDrop), rights(HostConfig.CapAdd, HostConfig.CapDrop)],
    ["privileges", wanted.Privileged ?? false, HostConfig.Privileged ?? false],
    ["network", wanted.NetworkMode, HostConfig.NetworkMode],
  ];
  return pairs.flatMap(([name, one, other]) => (canonicalJson(one) === canonicalJson(other) ? [] : [name]));
}

/** What the image says stands where the plan does not name it. */
function environment(planned: readonly string[], { Env = [] }: ImageSays): string[] {
  const names = new Set(planned.map(nameOf));
  return [...new Set([...planned, ...Env.filter((one) => !names.has(nameOf(one)))])].sort();
}

const nameOf = (entry: string) => entry.split("=")[0] ?? "";
const listed = (words: string | string[] | null | undefined): string[] =>
  typeof words === "string" ? [words] : (words ?? []);

type HostConfig = NonNullable<ContainerCreateOptions["HostConfig"]>;

const mounts = (made: HostConfig["Mounts"], binds: HostConfig["Binds"]): string[] =>
  [
    ...(made ?? []).map(({ Type, Source, Target, ReadOnly }) => `${Type} ${Source} ${Target} ${ReadOnly === true}`),
    ...(binds ?? []).map((bind) => `bind ${bind}`),
  ].sort();

const ports = (bindings: unknown): string[] =>
  Object.entries((bindings ?? {}) as Record<string, { HostIp?: string; HostPort?: string }[] | null>)
    .flatMap(([port, bound]) => (bound ?? []).map(({ HostIp = "", HostPort = "" }) => `${port} ${HostIp}:${HostPort}`))
    .sort();

/** The Engine writes some of them with a prefix. */
const rights = (add: HostConfig["CapAdd"], drop: HostConfig["CapDrop"]): string[] =>
  [
    ...(add ?? []).map((one: string) => `+${one.replace(/^CAP_/, "")}`),
    ...(drop ?? []).map((one: string) => `-${one.replace(/^CAP_/, "")}`),
  ].sort();
