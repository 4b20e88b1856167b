import type Docker from "dockerode";
import { lastLines } from "../../host/docker/logs.ts";
import type { Host } from "../../host/host.ts";
import { BerthError } from "../../kit/error.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";
import { findContainer, type Seen } from "./containers.ts";
import { listenersOf } from "./listeners.ts";
import { type Asked, type Probe, probe } from "./probe.ts";
import { circles, crashed, type Facts, healthy, steadySeconds, type Verdict, verdictOf } from "./verdict.ts";

export interface Gated {
  container: string;
  /** null: it listens nowhere. */
  asked: Asked | null;
  /** Whether the Engine asks inside the container, and what it says counts. */
  command: boolean;
  timeoutSeconds: number;
}

/** Looks in a row that show a circle of redirects before it counts as one: what warms up does not answer like that. */
const circlesUntilSure = 10;
/** For what has nothing to become healthy but time. */
const steadyTimeoutSeconds = 10;

/**
 * Waits until a container is healthy: asked from outside it, it answers well twice in a row; one that listens nowhere runs on
 * for some seconds. Throws the verdict: a code for what is wrong, its cause, and its last lines.
 */
export async function passGate(engine: Docker, gated: Gated, ctx: StageContext): Promise<void> {
  let inRow = 0;
  let circlesInRow = 0;
  let last: Probe | undefined;
  const look = async (): Promise<"healthy" | "crashed" | "circles" | undefined> => {
    const seen = await lookOnce(engine, gated, ctx);
    last = seen.probe ?? last;
    if (crashed(seen)) return "crashed";
    circlesInRow = circles(seen) ? circlesInRow + 1 : 0;
    if (circlesInRow >= circlesUntilSure) return "circles";
    inRow = healthy(seen) ? inRow + 1 : 0;
    return inRow >= 2 ? "healthy" : undefined;
  };
  const timeoutMs = timeoutOf(gated) * 1000;
  if ((await until(look, { timeoutMs, everyMs: 300, signal: ctx.signal })) === "healthy") return;
  throw await refusal(engine, gated, last, ctx);
}

/** Healthy at this moment: one look, no waiting. */
export async function isHealthy(engine: Docker, gated: Gated, ctx: StageContext): Promise<boolean> {
  return healthy(await lookOnce(engine, gated, ctx));
}

/**
 * That what was healthy a moment ago has not ended since, as a worker does that finds out later what it lacks. Throws
 * `app_crashed` with its last lines.
 */
export async function assertUp(engine: Docker, containers: readonly string[], ctx: StageContext): Promise<void> {
  for (const container of containers) {
    const found = await findContainer(engine, container);
    const again =
      found?.status === "running" && found.restarts > 0 && (await upSeconds(ctx.host, found)) < steadySeconds;
    if (found?.status === "running" && !again) continue;
    const { exitCode, oomKilled } = found ?? absent;
    // Begun anew by the Engine, it no longer says with what it had ended.
    const ended = again ? "has ended and was started anew" : `has ended with exit code ${exitCode}`;
    const verdict = verdictOf({ ...nothingAsked, container: { status: "exited", exitCode, oomKilled } });
    throw await told(engine, container, found, {
      ...verdict,
      message: `${container} was healthy, and ${ended} since.`,
    });
  }
}

const timeoutOf = ({ asked, command, timeoutSeconds }: Gated) =>
  asked === null && !command ? Math.min(timeoutSeconds, steadyTimeoutSeconds) : timeoutSeconds;

const absent = { status: "dead", exitCode: 0, oomKilled: false, pid: 0 };
const nothingAsked = { asked: null, probe: undefined, up: 0, check: null, listeners: [], timeoutSeconds: 0 };

type Looked = Pick<Facts, "container" | "asked" | "probe" | "up" | "check">;

async function lookOnce(
  engine: Docker,
  { container: name, asked, command }: Gated,
  ctx: StageContext,
): Promise<Looked> {
  const found = await findContainer(engine, name);
  const isRunning = found?.status === "running";
  return {
    container: found ?? absent,
    asked,
    probe: isRunning && asked !== null ? await probe(ctx.host, asked) : undefined,
    up: isRunning && asked === null ? await upSeconds(ctx.host, found) : 0,
    check: command && found ? { status: found.health, said: found.healthSaid } : null,
  };
}

/** By the server's own clock, which the Engine has written the start by. */
async function upSeconds(host: Host, { startedAt }: Seen): Promise<number> {
  return Number(await host.read(["date", "+%s.%N"])) - Date.parse(startedAt) / 1000;
}

async function refusal(engine: Docker, gated: Gated, last: Probe | undefined, ctx: StageContext): Promise<BerthError> {
  const { container: name, asked, command } = gated;
  const found = await findContainer(engine, name);
  const container = found ?? absent;
  const verdict = verdictOf({
    container,
    asked,
    probe: last,
    up: 0,
    check: command && found ? { status: found.health, said: found.healthSaid } : null,
    listeners: await listenersOf(ctx.host, container.pid),
    timeoutSeconds: timeoutOf(gated),
  });
  return told(engine, name, found, verdict);
}

async function told(engine: Docker, name: string, found: Seen | undefined, verdict: Verdict): Promise<BerthError> {
  const { code, message, cause, next } = verdict;
  const lines = found ? await lastLines(engine, name) : "";
  return new BerthError({
    code,
    message,
    object: name,
    cause: `${cause}\n${lines === "" ? "It has printed nothing." : `Its last lines:\n${lines}`}`,
    // By its id: what it is called by the time this is read depends on whether something served before.
    next: found ? `${next} All of its log, on the server: docker logs ${found.id.slice(0, 12)}` : next,
  });
}
