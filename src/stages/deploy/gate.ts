import type Docker from "dockerode";
import { lastLines } from "../../host/docker/logs.ts";
import { BerthError } from "../../kit/error.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";
import { findContainer } from "./containers.ts";
import { listenersOf } from "./listeners.ts";
import { type Asked, type Probe, probe } from "./probe.ts";
import { circles, crashed, type Facts, healthy, verdictOf } from "./verdict.ts";

export interface Gated {
  container: string;
  asked: Asked;
  timeoutSeconds: number;
}

/** Looks in a row that show a circle of redirects before it counts as one: what warms up does not answer like that. */
const circlesUntilSure = 10;

/**
 * Waits until a container is healthy: asked from outside it, it answers well twice in a row. Throws the verdict: a code
 * for what is wrong, its cause, and its last lines.
 */
export async function passGate(engine: Docker, gated: Gated, ctx: StageContext): Promise<void> {
  let inRow = 0;
  let circlesInRow = 0;
  let last: Probe | undefined;
  const look = async (): Promise<"healthy" | "crashed" | "circles" | undefined> => {
    const { container, probe: seen } = await lookOnce(engine, gated, ctx);
    last = seen ?? last;
    if (crashed({ container })) return "crashed";
    circlesInRow = circles({ probe: seen }) ? circlesInRow + 1 : 0;
    if (circlesInRow >= circlesUntilSure) return "circles";
    inRow = healthy({ probe: seen }) ? inRow + 1 : 0;
    return inRow >= 2 ? "healthy" : undefined;
  };
  const timing = { timeoutMs: gated.timeoutSeconds * 1000, everyMs: 300, signal: ctx.signal };
  if ((await until(look, timing)) === "healthy") return;
  throw await refusal(engine, gated, last, ctx);
}

/** Healthy at this moment: one look, no waiting. */
export async function isHealthy(engine: Docker, gated: Gated, ctx: StageContext): Promise<boolean> {
  return healthy(await lookOnce(engine, gated, ctx));
}

async function lookOnce(engine: Docker, { container: name, asked }: Gated, ctx: StageContext) {
  const found = await findContainer(engine, name);
  const container = found ?? { status: "dead", exitCode: 0, oomKilled: false, pid: 0 };
  const answers = container.status === "running" ? await probe(ctx.host, asked) : undefined;
  return { container, probe: answers };
}

async function refusal(engine: Docker, gated: Gated, last: Probe | undefined, ctx: StageContext) {
  const { container: name, asked, timeoutSeconds } = gated;
  const found = await findContainer(engine, name);
  const container = found ?? { status: "dead", exitCode: 0, oomKilled: false, pid: 0 };
  const facts: Facts = {
    container,
    asked,
    probe: last,
    listeners: await listenersOf(ctx.host, container.pid),
    timeoutSeconds,
  };
  const { code, message, cause, next } = verdictOf(facts);
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
