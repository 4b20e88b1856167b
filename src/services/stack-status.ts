import type { ContainerInspectInfo } from "dockerode";
import { ifThere } from "../host/docker/answers.ts";
import { engineIfAny } from "../host/docker/engine-if-any.ts";
import type { Host } from "../host/host.ts";
import { labels } from "../kit/layout.ts";
import { cleanLine } from "../kit/text.ts";
import { callsOf, steps } from "../pipeline.ts";
import { createRunner } from "../run/runner.ts";
import { askHttps, type HttpsAnswer, wellAnswered } from "../stages/deploy/answer.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { Berth } from "./berth.ts";
import { builderOf, lookingOnly } from "./contexts.ts";
import type { StackStatus } from "./surface.ts";
import { openWorld, type World } from "./world.ts";

type Seen = Pick<StackStatus, "drift" | "containers" | "answers">;

/** What its server shows of an applied plan, over one connection; changes nothing. */
export async function lookAt(berth: Berth, plan: Plan, signal: AbortSignal): Promise<Seen> {
  const world = await openWorld(berth, plan, "status", () => undefined);
  try {
    signal.throwIfAborted();
    const [drift, containers, answers] = await Promise.all([
      driftOf(plan, world, signal),
      containersOf(plan.stack, world.host),
      Promise.all(plan.routes.map((route) => answerOf(plan, route, world, signal))),
    ]);
    return { drift, containers, answers };
  } finally {
    await world.close();
  }
}

/** An image counts where it is needed: what only a builder still has would not start again. */
async function driftOf(plan: Plan, { host, shared }: World, signal: AbortSignal): Promise<string[]> {
  const builder = builderOf("server", host, () => host.engine());
  const runner = createRunner(steps, lookingOnly({ ...shared, builder }));
  const previews = await runner.preview(callsOf(plan), signal);
  return previews.filter(({ holds }) => !holds).map(({ title }) => title);
}

async function containersOf(stack: string, host: Host): Promise<StackStatus["containers"]> {
  const engine = await engineIfAny(host);
  if (!engine) return [];
  const listed = await engine.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`] } });
  const inspected = await Promise.all(listed.map(({ Id }) => ifThere(engine.getContainer(Id).inspect())));
  return inspected.flatMap((found) => (found ? [containerLine(found)] : [])).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Labels and names can be forged by whoever holds the server: they are shown, never followed. */
const containerLine = ({ Name, Config, State }: ContainerInspectInfo): StackStatus["containers"][number] => ({
  name: cleanLine(Name.replace(/^\//, ""), 100),
  image: cleanLine(Config.Image, 200),
  state: cleanLine(State.Status === "exited" ? `exited with ${State.ExitCode}` : State.Status, 40),
  health: State.Health === undefined ? null : cleanLine(State.Health.Status, 40),
  since: timeOf(State.Running ? State.StartedAt : State.FinishedAt),
});

/** The Engine's word for never is the year 1. */
const timeOf = (time: string): string | null => (time.startsWith("0001-") ? null : cleanLine(time, 40));

async function answerOf(
  { server, services }: Plan,
  { host: name, service }: Plan["routes"][number],
  { host, shared }: World,
  signal: AbortSignal,
): Promise<StackStatus["answers"][number]> {
  const path = services.find((one) => one.name === service)?.health.path ?? null;
  const asked = { server: server.host, name, path: path ?? "/", trustedRoots: shared.trustedRoots };
  const answered = await askHttps(asked, host, signal);
  const { answer } = answered;
  const status = answer.kind === "status" ? answer.status : null;
  return { address: `https://${name}`, status, problem: problemOf(answered, path) };
}

function problemOf({ answer, from }: HttpsAnswer, path: string | null): string | null {
  const asked = path === null ? "" : ` to ${path}`;
  if (answer.kind === "silent") return `No answer${asked}: ${answer.words}`;
  if (answer.kind !== "status") return "Nobody answers on port 443.";
  if (!wellAnswered(answer.status, path)) return `It answers ${answer.status}${asked}.`;
  return from === "here" ? null : "It answers on the server itself; its port 443 cannot be reached from this machine.";
}
