import type Docker from "dockerode";
import type { ContainerInspectInfo } from "dockerode";
import { ifThere, statusOf } from "../../host/docker/answers.ts";
import { labels } from "../../kit/layout.ts";
import { clean } from "../../kit/text.ts";

/** What the deploy needs to know of a container. */
export interface Seen {
  id: string;
  name: string;
  /** created, running, restarting, paused, exited, dead */
  status: string;
  image: string;
  labels: Partial<Record<string, string>>;
  /** The fixed address that it was given; null where the Engine chose one. */
  address: string | null;
  created: string;
  /** Never started: it can be started without running anything twice. */
  fresh: boolean;
  exitCode: number;
  oomKilled: boolean;
  /** Of its first process, as the server counts; 0 while it does not run. */
  pid: number;
  restart: string;
  /** What the Engine's own check says: starting, healthy, unhealthy; null where it has none. */
  health: string | null;
  /** What that check printed last. */
  healthSaid: string;
  /** When its process began, as the server's clock says; a start that the Engine made by itself counts too. */
  startedAt: string;
  /** How often the Engine has started it anew since somebody has. */
  restarts: number;
  /** All that the Engine tells of it. */
  info: ContainerInspectInfo;
}

export async function findContainer(engine: Docker, name: string): Promise<Seen | undefined> {
  const found = await ifThere(engine.getContainer(name).inspect());
  // The Engine also answers to the beginning of an id.
  return found && found.Name === `/${name}` ? seen(found) : undefined;
}

/** All containers of a stack with one of these roles, stopped ones too, oldest first. */
export async function containersOf(engine: Docker, stack: string, roles: readonly string[]): Promise<Seen[]> {
  const listed = await engine.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`] } });
  const inspected = await Promise.all(listed.map(({ Id }) => ifThere(engine.getContainer(Id).inspect())));
  return inspected
    .flatMap((found) => (found ? [seen(found)] : []))
    .filter((container) => roles.includes(container.labels[labels.role] ?? ""))
    .sort((a, b) => (a.created < b.created ? -1 : 1));
}

function seen(info: ContainerInspectInfo): Seen {
  const { Id, Name, State, Image, Config, Created, HostConfig, NetworkSettings } = info;
  const [endpoint] = Object.values(NetworkSettings.Networks);
  const fixed: unknown = endpoint?.IPAMConfig?.IPv4Address;
  return {
    id: Id,
    name: Name.replace(/^\//, ""),
    status: State.Status,
    image: Image,
    labels: Config.Labels ?? {},
    address: typeof fixed === "string" && fixed !== "" ? fixed : null,
    created: Created,
    fresh: State.Status === "created" && State.StartedAt.startsWith("0001-01-01"),
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    pid: State.Pid,
    restart: HostConfig.RestartPolicy?.Name ?? "no",
    health: State.Health?.Status ?? null,
    healthSaid: clean(State.Health?.Log?.at(-1)?.Output ?? "", 1000).trim(),
    startedAt: State.StartedAt,
    restarts: info.RestartCount,
    info,
  };
}

export async function startIfStopped(engine: Docker, name: string): Promise<void> {
  const found = await findContainer(engine, name);
  if (found && found.status !== "running") await engine.getContainer(found.id).start();
}

/** Stops it within its own time to stop; one that is stopped already, or gone, is well. */
export async function stop(engine: Docker, id: string): Promise<void> {
  try {
    await engine.getContainer(id).stop();
  } catch (error) {
    if (statusOf(error) !== 304 && statusOf(error) !== 404) throw error;
  }
}

/**
 * Removes a stopped container. Named volumes always stay; nameless ones go with it where `scratch` says that no later
 * container could find them again anyway.
 */
export async function remove(engine: Docker, id: string, { scratch }: { scratch: boolean }): Promise<void> {
  await ifThere(engine.getContainer(id).remove({ v: scratch }));
}
