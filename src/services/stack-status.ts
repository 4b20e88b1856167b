import { engineIfAny } from "../host/docker/engine-if-any.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { callsOf, steps } from "../pipeline.ts";
import { nothingBeside } from "../run/beside.ts";
import { createRunner } from "../run/runner.ts";
import type { RunContext } from "../run/step.ts";
import type { StageContext } from "../stages/context.ts";
import { askHttps, type HttpsAnswer, wellAnswered } from "../stages/deploy/answer.ts";
import { type Check, checksOf } from "../stages/deploy/checks.ts";
import { driftOf } from "../stages/operate/drift.ts";
import { servedCertificate } from "../stages/operate/figures-certificate.ts";
import { serverFigures } from "../stages/operate/figures-server.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { Berth } from "./berth.ts";
import { builderOf, lookingOnly } from "./contexts.ts";
import { scrubberFor } from "./server-secrets.ts";
import { containerStatuses } from "./stack-containers.ts";
import type { ContainerStatus, StackLine, StackStatus } from "./surface.ts";
import { openWorld, type World } from "./world.ts";

type Seen = Omit<StackStatus, keyof StackLine>;

/** What its server shows of an applied plan, over one connection; changes nothing. */
export async function lookAt(berth: Berth, plan: Plan, signal: AbortSignal): Promise<Seen> {
  const world = await openWorld(berth, plan, "status", () => undefined);
  const { host } = world;
  try {
    signal.throwIfAborted();
    const engine = await engineIfAny(host);
    const [drift, differences, containers, answers, certificates, machine, scrub] = await Promise.all([
      openSteps(plan, world, signal),
      looking(world, signal).then((ctx) => driftOf(plan, ctx)),
      engine ? containerStatuses(plan, host, engine) : [],
      Promise.all(checksOf(plan).map((check) => answerOf(plan, check, world, signal))),
      Promise.all(hostsOf(plan).map((name) => certificateOf(plan, name, world))),
      serverFigures(host, engine),
      scrubberFor(berth, host, plan.stack),
    ]);
    const told = ({ cause, ...rest }: ContainerStatus) => ({ ...rest, cause: cause === null ? null : scrub(cause) });
    return {
      ...{ drift, answers, certificates, machine },
      differences: differences.map(scrub),
      containers: containers.map(told),
    };
  } finally {
    await world.close();
  }
}

const hostsOf = ({ routes }: Plan) => [...new Set(routes.map(({ host }) => host))].sort();

/** An image counts where it is needed: what only a builder still has would not start again. */
async function openSteps(plan: Plan, { host, shared }: World, signal: AbortSignal): Promise<string[]> {
  const builder = builderOf("server", host, () => host.engine());
  const runner = createRunner(steps, lookingOnly({ ...shared, builder }));
  try {
    const previews = await runner.preview(callsOf(plan), signal);
    return previews.filter(({ holds }) => !holds).map(({ title }) => title);
  } catch (error) {
    // What keeps a step from being looked at keeps `up` from being done: it is worth a line, and the rest to be seen.
    if (!(error instanceof BerthError) || error.code === "connection_lost") throw error;
    return [cleanLine(`${error.message} ${error.cause}`, 400)];
  }
}

/** As a step that is only observed has it. */
async function looking({ shared }: World, signal: AbortSignal): Promise<StageContext> {
  const base: RunContext = {
    ...{ run: "status", signal, log: () => undefined, outputOf: () => undefined, beside: nothingBeside },
  };
  const call = { id: "status", kind: "status", input: null };
  return lookingOnly(shared)(base, call, () => undefined);
}

const certificateOf = ({ server }: Plan, name: string, { host, shared }: World) =>
  servedCertificate({ server: server.host, host: name, trustedRoots: shared.trustedRoots }, host, new Date());

async function answerOf(
  { server }: Plan,
  { host: name, route, path, success }: Check,
  { host, shared }: World,
  signal: AbortSignal,
): Promise<StackStatus["answers"][number]> {
  const answered = await askHttps({ server: server.host, name, path, trustedRoots: shared.trustedRoots }, host, signal);
  const { answer } = answered;
  const status = answer.kind === "status" ? answer.status : null;
  const address = `https://${name}${route === "/" ? "" : route}`;
  return { address, status, problem: problemOf(answered, { path, success }) };
}

function problemOf({ answer, from }: HttpsAnswer, { path, success }: Pick<Check, "path" | "success">): string | null {
  const asked = success ? ` to ${path}` : "";
  if (answer.kind === "silent") return `No answer${asked}: ${answer.words}`;
  if (answer.kind !== "status") return "Nobody answers on port 443.";
  if (!wellAnswered(answer.status, success ? path : null)) return `It answers ${answer.status}${asked}.`;
  return from === "here" ? null : "It answers on the server itself; its port 443 cannot be reached from this machine.";
}
