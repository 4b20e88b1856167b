import type Docker from "dockerode";
import { ask } from "../../../host/docker/exec.ts";
import { type Listener, parseListeners } from "../../../host/docker/listeners.ts";
import { lastLines } from "../../../host/docker/logs.ts";
import { until } from "../../../kit/wait.ts";
import type { StageContext } from "../../context.ts";
import type { Service } from "../../plan/schema.ts";
import { startIn, type World } from "./world.ts";

/** A container that has ended, with the last lines it printed. */
export interface Ended {
  code: number;
  outOfMemory: boolean;
  lines: string;
}

export type Verdict =
  | { kind: "listening" }
  /** It listens nowhere and need not: it runs on. */
  | { kind: "steady" }
  /** It runs, and its image has nothing to look with. */
  | { kind: "unseen" }
  | ({ kind: "crashed" } & Ended)
  | { kind: "elsewhere"; ports: number[] }
  | { kind: "loopback" }
  | { kind: "silent"; seconds: number; lines: string };

type Ctx = Pick<StageContext, "log" | "signal">;

/** Looks that a wrong state must outlast: some applications open another port first. */
const patience = 10;
const everyMs = 500;
/** What listens nowhere has to run on for so long; most that lack something end at once. */
const steadySeconds = 5;
const steadyWithinSeconds = 60;

/** Starts a service and watches until it listens, or runs on where it need not, ends, or shows that it will not. Removes it again. */
export async function startUntilSeen(
  engine: Docker,
  world: World,
  { name, port, health }: Service,
  body: Docker.ContainerCreateOptions,
  { signal }: Ctx,
): Promise<Verdict> {
  const id = await startIn(engine, world, name, body);
  const began = Date.now();
  let wrong = 0;
  const look = async (): Promise<Verdict | undefined> => {
    const listeners = port === null ? undefined : await listenersIn(engine, id);
    const ended = await endOf(engine, id);
    if (ended) return { kind: "crashed", ...ended };
    if (port === null) return Date.now() - began >= steadySeconds * 1000 ? { kind: "steady" } : undefined;
    const verdict = judge(listeners, port);
    wrong = verdict === undefined ? 0 : wrong + 1;
    const final = verdict?.kind === "listening" || wrong >= patience;
    return final ? verdict : undefined;
  };
  const seconds = port === null ? steadyWithinSeconds : health.timeoutSeconds;
  try {
    const seen = await until(look, { timeoutMs: seconds * 1000, everyMs, signal });
    return seen ?? { kind: "silent", seconds, lines: await lastLines(engine, id) };
  } finally {
    await engine.getContainer(id).remove({ force: true, v: true });
  }
}

/** What the listening ports of a running container mean; undefined: nothing yet. Pure. */
export function judge(listeners: readonly Listener[] | undefined, port: number): Verdict | undefined {
  if (listeners === undefined) return { kind: "unseen" };
  const planned = listeners.find((listener) => listener.port === port);
  if (planned) return { kind: planned.loopback ? "loopback" : "listening" };
  if (listeners.length === 0) return undefined;
  return { kind: "elsewhere", ports: listeners.map((listener) => listener.port) };
}

/** Runs a container to its end; removes it again. */
export async function runToEnd(
  engine: Docker,
  world: World,
  body: Docker.ContainerCreateOptions,
  { signal }: Ctx,
): Promise<Ended> {
  const id = await startIn(engine, world, "release-command", body);
  try {
    const ended = await until(() => endOf(engine, id), { timeoutMs: 300_000, signal });
    return (
      ended ?? { code: 124, outOfMemory: false, lines: `It did not end within 300 s.\n${await lastLines(engine, id)}` }
    );
  } finally {
    await engine.getContainer(id).remove({ force: true, v: true });
  }
}

async function endOf(engine: Docker, id: string): Promise<Ended | undefined> {
  const { State } = await engine.getContainer(id).inspect();
  if (State.Running) return undefined;
  return { code: State.ExitCode, outOfMemory: State.OOMKilled, lines: await lastLines(engine, id) };
}

/** Undefined where the image has no `cat` to read the kernel's tables with. */
async function listenersIn(engine: Docker, id: string): Promise<Listener[] | undefined> {
  const { code, output } = await ask(engine, id, ["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
  // 126 and 127: the command cannot be started. Without IPv6 the second file is missing, which is a 1.
  if (code === 126 || code === 127) return undefined;
  return parseListeners(output);
}
