import { Readable } from "node:stream";
import { labels } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";

interface Container {
  role: string;
  status: string;
  exitCode: number;
  started: boolean;
  stack: string;
}

const gone = (what: string) => Object.assign(new Error(`no such ${what}`), { statusCode: 404 });
const never = "0001-01-01T00:00:00Z";

/** An Engine as far as these steps ask it, with what it was told, in order. For tests. */
export function fakeEngine() {
  const containers = new Map<string, Container>();
  const volumes = new Map<string, { stack: string; used: boolean }>();
  const images = new Map<string, { stack: string; by: string | null }>();
  const did: string[] = [];
  const of = ({ filters }: { filters?: { label?: string[] } }) => filters?.label?.[0]?.split("=")[1];

  const containerOf = (name: string) => ({
    async inspect() {
      const found = containers.get(name);
      if (!found) throw gone("container");
      return {
        ...{ Id: name, Name: `/${name}`, Image: "sha256:1", Created: name, RestartCount: 0 },
        Config: { Labels: { [labels.stack]: found.stack, [labels.role]: found.role } },
        HostConfig: {},
        NetworkSettings: { Networks: {} },
        State: {
          ...{ Status: found.status, ExitCode: found.exitCode, OOMKilled: false, Pid: 0 },
          StartedAt: found.started ? "2026-01-01T00:00:00Z" : never,
        },
      };
    },
    async start() {
      did.push(`start ${name}`);
      Object.assign(containers.get(name) ?? {}, { status: "running", started: true });
    },
    async stop() {
      did.push(`stop ${name}`);
      const found = containers.get(name);
      if (!found) throw gone("container");
      if (found.status === "running") Object.assign(found, { status: "exited", exitCode: 143 });
    },
    async remove() {
      did.push(`remove ${name}`);
      if (!containers.delete(name)) throw gone("container");
    },
    logs: async () => Readable.from([]),
  });

  const engine = {
    listContainers: async (asked: { filters?: { label?: string[] } }) =>
      [...containers]
        .filter(([, { stack }]) => of(asked) === undefined || stack === of(asked))
        .map(([name]) => ({
          ...{ Id: name, Names: [`/${name}`] },
          ImageID: [...images].find(([, { by }]) => by === name)?.[0] ?? "",
        })),
    getContainer: containerOf,
    async createContainer({ name, Labels }: { name: string; Labels: Record<string, string> }) {
      did.push(`create ${name}`);
      const marks = { role: Labels[labels.role] ?? "", stack: Labels[labels.stack] ?? "" };
      containers.set(name, { ...marks, status: "created", exitCode: 0, started: false });
    },
    getVolume: (name: string) => ({
      async inspect() {
        const found = volumes.get(name);
        if (!found) throw gone("volume");
        return { Name: name, Labels: { [labels.stack]: found.stack } };
      },
      async remove() {
        did.push(`remove ${name}`);
        if (volumes.get(name)?.used) throw Object.assign(new Error("volume is in use"), { statusCode: 409 });
        volumes.delete(name);
      },
    }),
    listImages: async (asked: { filters?: { label?: string[] } }) =>
      [...images].filter(([, { stack }]) => stack === of(asked)).map(([Id]) => ({ Id, RepoTags: [Id] })),
    getImage: (name: string) => ({
      async remove() {
        did.push(`remove ${name}`);
        images.delete(name);
      },
    }),
  };
  return { engine, containers, volumes, images, did };
}

/** A step's context over it. `engine` undefined: none answers. */
export function contextOver(engine: object | undefined, change: Partial<StageContext> = {}): StageContext {
  const unreachable = Object.assign(new Error("none"), { code: "engine_unreachable" });
  const host = {
    engine: async () => engine ?? Promise.reject(unreachable),
    read: async () => "",
    exec: async () => ({ code: 0, signal: null, stdout: "", stderr: "" }),
  };
  const context = {
    ...{ run: "run_1", signal: new AbortController().signal, host, log: () => undefined, hide: () => undefined },
    lock: async () => ({}),
    ...change,
  };
  return context as unknown as StageContext;
}
