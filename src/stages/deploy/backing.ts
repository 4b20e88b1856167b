import type Docker from "dockerode";
import { z } from "zod";
import { diskFullThere, saysDiskFull } from "../../host/disk-full.ts";
import { lastLines } from "../../host/docker/logs.ts";
import { byDigest, pull } from "../../host/docker/pull.ts";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Backing } from "../plan/schema.ts";
import { keepBefore, putBackBacking } from "./backing-before.ts";
import { containerBody } from "./body.ts";
import { findContainer, remove, type Seen, startIfStopped, stop } from "./containers.ts";
import { differencesOf } from "./differences.ts";
import { asked, engineForActing, engineIfAny } from "./engine.ts";
import { Environment, plannedEnvironment, readEnvironment } from "./environment.ts";
import { backingContainer } from "./names.ts";
import { portTaken } from "./port-taken.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { repairHalfMade } from "./repair.ts";
import { makesOf } from "./replica.ts";
import { undoImpossible } from "./undo.ts";

const Input = z.object({
  environment: Environment,
  network: z.string(),
  spec: z.string(),
  backing: Backing,
  watched: Watched,
});
type Input = z.infer<typeof Input>;

const readySeconds = 120;

/** A database, cache or broker: made anew only when what it is made from changes; its volume stays as it is. */
export const backing = defineStep({
  kind: "deploy.backing",
  effect: "change",
  input: Input,
  before: z.object({ spec: z.string().nullable() }),
  output: z.object({ container: z.string(), id: z.string() }),
  title: ({ backing: { name, image } }) => `${name} (${image.split("@")[0]})`,

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    const found = engine && (await findContainer(engine, nameOf(input)));
    if (!engine || !found) return { before: { spec: null } };
    if (found.labels[labels.stack] !== input.environment.stack) throw foreign(found.name);
    const env = await plannedEnvironment(input.environment, ctx);
    if (env === undefined || !(await asPlanned(engine, found, input, env)) || !isReady(found))
      return { before: { spec: found.labels[labels.spec] ?? null } };
    return { output: { container: found.name, id: found.id } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    await pull(engine, input.backing.image, ctx);
    const found = await findContainer(engine, nameOf(input));
    const env = await readEnvironment(input.environment, ctx);
    if (found && !(await asPlanned(engine, found, input, env))) {
      await watchVisitors(input.watched, ctx);
      await keepBefore(engine, found);
    }
    // The Engine waits longer each time before it starts anew what ended, and takes a start meanwhile for done.
    else if (found?.status === "restarting") await stop(engine, found.id);
    try {
      if (!(await findContainer(engine, nameOf(input)))) await create(engine, input, env);
      await start(engine, input);
      await waitUntilReady(engine, input, ctx);
    } catch (error) {
      await putBackBacking(engine, nameOf(input));
      throw error;
    }
  },

  undo: async (input, { spec }, ctx) => {
    if (spec !== null && spec !== input.spec) throw undoImpossible(nameOf(input));
    const engine = await engineForActing(ctx);
    const found = await findContainer(engine, nameOf(input));
    if (!found) return;
    await stop(engine, found.id);
    // It was there before and did not serve: then that is how it is left.
    if (spec === null) await remove(engine, found.id, { scratch: false });
  },
});

const nameOf = ({ environment, backing: { name } }: Input) => backingContainer(environment.stack, name);

/** By its label, and by what the Engine says of it: a label does not change with what somebody does to a container. */
async function asPlanned(engine: Docker, found: Seen, input: Input, env: string[]): Promise<boolean> {
  if (found.labels[labels.spec] !== input.spec) return false;
  const { image } = await makesOf(engine, input.backing.image, env);
  if (image === null || image.id !== found.image) return false;
  return differencesOf(bodyOf(input, env), found.info, image).length === 0;
}

const isReady = ({ status, health }: Seen) => status === "running" && health === "healthy";

async function start(engine: Docker, input: Input): Promise<void> {
  try {
    await asked(nameOf(input), "The container does not start.", startIfStopped(engine, nameOf(input)));
  } catch (error) {
    throw portTaken(nameOf(input), input.backing.published, error);
  }
}

const create = (engine: Docker, input: Input, env: string[]) =>
  asked(input.backing.name, "The container cannot be created.", engine.createContainer(bodyOf(input, env)));

function bodyOf({ environment, network, spec, backing: part }: Input, env: string[]) {
  const { stack, release } = environment;
  return containerBody({
    name: backingContainer(stack, part.name),
    image: byDigest(part.image),
    stack,
    part: part.name,
    role: "backing",
    spec,
    release,
    network,
    address: null,
    alias: part.name,
    env,
    mounts: part.mounts,
    published: part.published,
    memoryMegabytes: part.memoryMegabytes,
    cpus: null,
    entrypoint: null,
    command: part.command,
    user: null,
    stopSeconds: 60,
    restart: "unless-stopped",
    ready: part.ready,
    // Official images begin as root: they make their folder their own, then become another user.
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
  });
}

async function waitUntilReady(engine: Docker, input: Input, ctx: StageContext): Promise<void> {
  const name = nameOf(input);
  let repaired = false;
  const look = async () => {
    const found = await findContainer(engine, name);
    if (found && isReady(found)) return true;
    if (!found) return undefined;
    if (found.status === "running") {
      const part = { id: found.id, kind: input.backing.kind };
      const said = repaired ? undefined : await repairHalfMade(engine, part, ctx.log);
      if (said !== undefined && saysDiskFull(said)) throw noRoom(name, said);
      repaired ||= said !== undefined;
      return undefined;
    }
    // The Engine starts it anew again and again, which makes no room.
    const lines = await lastLines(engine, name);
    if (saysDiskFull(lines)) throw noRoom(name, lines);
    return undefined;
  };
  if (await until(look, { timeoutMs: readySeconds * 1000, everyMs: 500, signal: ctx.signal })) return;
  const lines = await lastLines(engine, name);
  throw saysDiskFull(lines) ? noRoom(name, lines) : unready(name, lines);
}

const noRoom = (container: string, lines: string) =>
  diskFullThere({
    message: `${container} does not start. What ran before runs on.`,
    object: container,
    cause: `Its last lines:\n${lines}`,
  });

const unready = (container: string, lines: string) =>
  new BerthError({
    code: "backing_unready",
    message: `${container} does not answer within ${readySeconds} s. What ran before runs on.`,
    object: container,
    cause: lines === "" ? "It has printed nothing." : `Its last lines:\n${lines}`,
    next: `Read all of its log on the server (docker logs ${container}), then: berth resume`,
  });

const foreign = (container: string) =>
  new BerthError({
    code: "container_foreign",
    message: `A container of the name ${container} is there and is not this stack's.`,
    object: container,
    cause: "It does not have this stack's label, so somebody else made it.",
    next: "Name the stack otherwise: berth plan … --stack NAME",
  });
