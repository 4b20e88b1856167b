import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { z } from "zod";
import { engineIfAny } from "../../host/docker/engine-if-any.ts";
import { lastLines } from "../../host/docker/logs.ts";
import { BerthError } from "../../kit/error.ts";
import { writePrivateFile } from "../../kit/private-file.ts";
import { until } from "../../kit/wait.ts";
import type { StepCall } from "../../run/step.ts";
import { defineStep, type StageContext } from "../context.ts";
import { containerBody } from "../deploy/body.ts";
import { findContainer, remove, type Seen, stop } from "../deploy/containers.ts";
import { asked, engineForActing } from "../deploy/engine.ts";
import { Environment, readEnvironment } from "../deploy/environment.ts";
import { followLogs } from "../deploy/follow.ts";
import { releaseOf, secretsOf, specOf } from "../plan/release.ts";
import { type Plan, Service } from "../plan/schema.ts";
import { CommandEnd, commandRan } from "./command-end.ts";

const Input = z.object({
  environment: Environment,
  network: z.string(),
  spec: z.string(),
  service: Service,
  argv: z.array(z.string()).min(1),
  container: z.string(),
});
type Input = z.infer<typeof Input>;

/** How a command ended, beside the rest of its run: once its container is removed nothing else tells. */
const Kept = z.discriminatedUnion("state", [
  z.object({ state: z.literal("created") }),
  z.object({ state: z.literal("ended"), exitCode: z.int(), outOfMemory: z.boolean() }),
]);
type Kept = z.infer<typeof Kept>;

/** A command must not run twice: its container is made, and known to be made, before it is started. */
const createCommand = defineStep({
  kind: "command.create",
  effect: "change",
  input: Input,
  before: z.null(),
  output: z.object({ container: z.string() }),
  title: ({ service: { name } }) => `container for a command beside ${name}`,

  observe: async (input, ctx) => {
    const kept = await readKept(ctx);
    if (kept === undefined) return { before: null };
    if (kept.state === "created") await foundOrUnknown(input, ctx);
    return { output: { container: input.container } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    // Made by a worker that died before it could say so: never started, since only the record allows that.
    if (!(await findContainer(engine, input.container)))
      await asked(
        input.container,
        "The container cannot be created.",
        engine.createContainer(await bodyOf(input, ctx)),
      );
    writeKept(ctx, { state: "created" });
  },
});

/** Whatever it answers, it has run: the code is its own affair. */
const runCommand = defineStep({
  kind: "command.run",
  effect: "change",
  input: Input,
  before: z.null(),
  output: CommandEnd,
  title: ({ service: { name }, argv }) => `run beside ${name}: ${argv.join(" ")}`,

  observe: async (_input, ctx) => {
    const kept = await readKept(ctx);
    return kept?.state === "ended"
      ? { output: { exitCode: kept.exitCode, outOfMemory: kept.outOfMemory } }
      : { before: null };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const found = await foundOrUnknown(input, ctx);
    // Starting one that has exited would run it a second time.
    if (found.fresh) await asked(input.container, "The command does not start.", engine.getContainer(found.id).start());
    const { exitCode, oomKilled } = await ended(engine, input, ctx);
    writeKept(ctx, { state: "ended", exitCode, outOfMemory: oomKilled });
  },
});

const removeCommand = defineStep({
  kind: "command.remove",
  effect: "change",
  input: Input,
  before: z.object({ container: z.string() }),
  output: z.null(),
  title: () => "remove the command's container",

  observe: async ({ container }, ctx) => {
    const engine = await engineIfAny(ctx.host);
    return engine && !(await findContainer(engine, container)) ? { output: null } : { before: { container } };
  },

  apply: async ({ container }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    await stop(engine, container);
    await remove(engine, container, { scratch: true });
  },
});

export const commandSteps = [createCommand, runCommand, removeCommand] as const;

/** A command in a container of its own, of what a service runs with. `key`: another one each time it may run. */
export function commandCalls(
  plan: Plan,
  { service: name, argv }: { service: string; argv: string[] },
  key: string,
): StepCall[] {
  const service = plan.services.find((one) => one.name === name);
  if (!service) throw new RangeError(`the plan has no service ${name}`);
  const { stack } = plan;
  const input: Input = {
    environment: {
      stack,
      release: releaseOf(plan),
      part: name,
      env: service.env,
      secrets: secretsOf(service, plan),
    },
    network: plan.network.name,
    spec: specOf(service, plan),
    service,
    argv,
    container: `${stack}-${name}-command-${key}`,
  };
  return [
    createCommand("command/create", input),
    runCommand(commandRan, input),
    removeCommand("command/remove", input),
  ];
}

async function bodyOf({ environment, network, spec, service, argv, container }: Input, ctx: StageContext) {
  return containerBody({
    name: container,
    image: service.image,
    stack: environment.stack,
    part: service.name,
    role: "command",
    spec,
    release: environment.release,
    network,
    address: null,
    alias: null,
    env: await readEnvironment(environment, ctx),
    mounts: service.mounts,
    memoryMegabytes: service.memoryMegabytes,
    cpus: service.cpus,
    published: [],
    entrypoint: service.entrypoint,
    command: argv,
    user: service.user,
    stopSeconds: service.stopSeconds,
    restart: "no",
    ready: null,
    capabilities: service.capabilities,
  });
}

async function ended(engine: Docker, input: Input, ctx: StageContext): Promise<Seen> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ctx.signal]);
  const told = followLogs(engine, input.container, { log: (text) => ctx.log(text), signal }).then(
    () => true,
    () => false,
  );
  const look = async () => {
    const now = await foundOrUnknown(input, ctx);
    return now.status === "exited" || now.status === "dead" ? now : undefined;
  };
  try {
    const timing = { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 200, signal: ctx.signal };
    const now = (await until(look, timing)) ?? (await foundOrUnknown(input, ctx));
    // The stream ends with the container; where it broke off before, at least the end of what was said.
    if (!(await told))
      ctx.log(`… (the output broke off; its last lines)\n${await lastLines(engine, input.container)}\n`);
    return now;
  } catch (error) {
    if (isCancelled(ctx.signal)) await endNow(engine, input, ctx);
    throw error;
  } finally {
    over.abort();
  }
}

async function endNow(engine: Docker, input: Input, ctx: StageContext): Promise<void> {
  await stop(engine, input.container);
  const { id, exitCode, oomKilled } = await foundOrUnknown(input, ctx);
  writeKept(ctx, { state: "ended", exitCode, outOfMemory: oomKilled });
  await remove(engine, id, { scratch: true });
}

/** A person has stopped it; a worker that is told to end leaves it to the one that goes on. */
const isCancelled = ({ aborted, reason }: AbortSignal) =>
  aborted && reason instanceof BerthError && reason.code === "cancelled";

const keptFile = (ctx: StageContext) => join(ctx.runDir, "command.json");

async function readKept(ctx: StageContext): Promise<Kept | undefined> {
  const text = await readFile(keptFile(ctx), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : Kept.parse(JSON.parse(text));
}

const writeKept = (ctx: StageContext, kept: Kept): void => writePrivateFile(keptFile(ctx), JSON.stringify(kept));

async function foundOrUnknown({ container }: Input, ctx: StageContext): Promise<Seen> {
  const engine = await engineIfAny(ctx.host);
  const found = engine && (await findContainer(engine, container));
  if (found) return found;
  throw new BerthError({
    code: "command_unknown",
    message: "Whether the command ran is not known: its container is gone.",
    object: container,
    cause: engine ? "Somebody has removed it." : "No Docker Engine answers on the server.",
    next: "Look at what the command was to do; where it is to run again, run it anew.",
  });
}
