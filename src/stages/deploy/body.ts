import type { ContainerCreateOptions } from "dockerode";
import { labels } from "../../kit/layout.ts";
import type { Mount, Published } from "../plan/schema.ts";

const megabyte = 1024 * 1024;

export interface Body {
  name: string;
  image: string;
  stack: string;
  part: string;
  role: "service" | "backing" | "release-command" | "command";
  spec: string;
  release: string;
  network: string;
  /** null: the Engine chooses one of its range. */
  address: string | null;
  alias: string | null;
  env: string[];
  mounts: readonly Mount[];
  memoryMegabytes: number;
  /** null: as many processors as there are. */
  cpus: number | null;
  /** null: the image's own. */
  entrypoint: string[] | null;
  command: string[] | null;
  user: string | null;
  published: readonly Published[];
  stopSeconds: number;
  restart: "no" | "unless-stopped";
  /** Answers 0 inside the container once it serves; null: nobody asks there. */
  ready: readonly string[] | null;
  /** The rights that it keeps of those that Docker gives. */
  capabilities: string[];
}

const second = 1e9;

/**
 * Asked by the Engine itself: an exec of ours would leave a connection open in it until its next garbage collection, which a
 * takeover of the lock would wait for. StartInterval counts from API 1.44 on; older ones ask first after 5 s.
 */
const readiness = {
  Interval: 5 * second,
  Timeout: 5 * second,
  Retries: 3,
  StartPeriod: 120 * second,
  StartInterval: second,
};

/** A container of ours as the Engine is asked to create it: no more rights, memory and log than it needs, no port open but by wish. */
export const containerBody = (body: Body): ContainerCreateOptions => ({
  name: body.name,
  Image: body.image,
  Labels: {
    [labels.stack]: body.stack,
    [labels.service]: body.part,
    [labels.role]: body.role,
    [labels.spec]: body.spec,
    [labels.release]: body.release,
  },
  Env: body.env,
  ...(body.entrypoint === null ? {} : { Entrypoint: body.entrypoint }),
  ...(body.command === null ? {} : { Cmd: body.command }),
  ...(body.user === null ? {} : { User: body.user }),
  StopTimeout: body.stopSeconds,
  ...(body.published.length === 0 ? {} : { ExposedPorts: exposed(body.published) }),
  ...(body.ready === null ? {} : { Healthcheck: { ...readiness, Test: ["CMD", ...body.ready] } }),
  HostConfig: {
    RestartPolicy: { Name: body.restart },
    Mounts: body.mounts.map(({ volume, path }) => ({ Type: "volume", Source: volume, Target: path, ReadOnly: false })),
    Memory: body.memoryMegabytes * megabyte,
    ...(body.cpus === null ? {} : { NanoCpus: Math.round(body.cpus * 1e9) }),
    ...(body.published.length === 0 ? {} : { PortBindings: bindings(body.published) }),
    CapDrop: ["ALL"],
    CapAdd: body.capabilities,
    SecurityOpt: ["no-new-privileges"],
    // A first process that reaps children and passes signals on: as process 1 most programs ignore SIGTERM.
    Init: true,
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    NetworkMode: body.network,
  },
  NetworkingConfig: {
    EndpointsConfig: {
      [body.network]: {
        ...(body.address === null ? {} : { IPAMConfig: { IPv4Address: body.address } }),
        ...(body.alias === null ? {} : { Aliases: [body.alias] }),
      },
    },
  },
});

const portOf = ({ port, protocol }: Published) => `${port}/${protocol}`;

const exposed = (published: readonly Published[]) => Object.fromEntries(published.map((one) => [portOf(one), {}]));

/** Without an address: on all of the server's, of both families as far as it has them. */
const bindings = (published: readonly Published[]) =>
  Object.fromEntries(
    published.map((one) => [
      portOf(one),
      published
        .filter((other) => portOf(other) === portOf(one))
        .map(({ hostPort }) => ({ HostIp: "", HostPort: String(hostPort) })),
    ]),
  );
