import { z } from "zod";
import { lastLines } from "../../host/docker/logs.ts";
import { byDigest } from "../../host/docker/pull.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Service } from "../plan/schema.ts";
import { containerBody } from "./body.ts";
import { findContainer, remove, type Seen } from "./containers.ts";
import { asked, engineForActing, engineIfAny } from "./engine.ts";
import { Environment, readEnvironment } from "./environment.ts";
import { followLogs } from "./follow.ts";
import { migrationFailed, migrationUnknown } from "./migration-errors.ts";
import { releaseContainer } from "./names.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { type Ended, readRecord, recordFile, writeRecord } from "./release-record.ts";

const Input = z.object({
  environment: Environment,
  network: z.string(),
  spec: z.string(),
  service: Service,
  command: z.array(z.string()),
  watched: Watched,
});
type Input = z.infer<typeof Input>;

/**
 * The first of two steps: a release command (a migration) must never run twice, so its container is made, and known to
 * be made, before the second step starts it.
 */
export const createReleaseCommand = defineStep({
  kind: "deploy.release-command.create",
  effect: "change",
  input: Input,
  before: z.null(),
  output: z.object({ container: z.string() }),
  title: ({ service: { name } }) => `container for the release command of ${name}`,

  observe: async (input, ctx) => {
    const record = await readRecord(ctx.host, input.environment);
    if (record === undefined) return { before: null };
    if (record.state === "created") await foundOrAsk(input, ctx);
    return { output: { container: record.container } };
  },

  apply: async (input, _before, ctx) => {
    const container = nameOf(input);
    const engine = await engineForActing(ctx);
    // Made by a worker that died before it could say so: never started, since only the record allows that.
    const left = await findContainer(engine, container);
    if (!left) {
      const body = await bodyOf(input, ctx);
      await asked(container, "The container cannot be created.", engine.createContainer(body));
    }
    await writeRecord(await ctx.lock("stack"), input.environment, { state: "created", container });
  },
});

/** The second step: starts it where it was never started, waits for it however long it takes, and keeps how it ended. */
export const runReleaseCommand = defineStep({
  kind: "deploy.release-command.run",
  effect: "change",
  input: Input,
  before: z.null(),
  output: z.object({ exitCode: z.literal(0), lines: z.string() }),
  title: ({ service: { name }, command }) => `release command of ${name}: ${command.join(" ")}`,

  observe: async ({ environment }, ctx) => {
    const record = await readRecord(ctx.host, environment);
    if (record?.state !== "ended" || record.exitCode !== 0) return { before: null };
    return { output: { exitCode: 0, lines: record.lines } };
  },

  apply: async (input, _before, ctx) => {
    const record = await readRecord(ctx.host, input.environment);
    // What it changes, the version that serves has to live with until the switch.
    await watchVisitors(input.watched, ctx);
    const ended = record?.state === "ended" ? record : await runToItsEnd(input, ctx);
    if (ended.exitCode !== 0) throw migrationFailed(ended, recordFile(input.environment), ctx.host);
  },
});

const nameOf = ({ environment: { stack, release, part } }: Input) => releaseContainer(stack, part, release);

async function bodyOf({ environment, network, spec, service, command }: Input, ctx: StageContext) {
  const { stack, release, part } = environment;
  return containerBody({
    name: releaseContainer(stack, part, release),
    image: byDigest(service.image),
    stack,
    part,
    role: "release-command",
    spec,
    release,
    network,
    address: null,
    alias: null,
    env: await readEnvironment(environment, ctx),
    mounts: service.mounts,
    published: [],
    memoryMegabytes: service.memoryMegabytes,
    cpus: service.cpus,
    entrypoint: service.entrypoint,
    command,
    user: service.user,
    stopSeconds: service.stopSeconds,
    restart: "no",
    ready: null,
    capabilities: service.capabilities,
  });
}

async function runToItsEnd(input: Input, ctx: StageContext): Promise<Ended> {
  const engine = await engineForActing(ctx);
  const container = await foundOrAsk(input, ctx);
  // Starting one that has exited would run it a second time.
  if (container.fresh)
    await asked(container.name, "The release command does not start.", engine.getContainer(container.id).start());
  const exited = await exit(input, container, ctx);
  const ended: Ended = {
    state: "ended",
    container: container.name,
    exitCode: exited.exitCode,
    outOfMemory: exited.oomKilled,
    lines: await lastLines(engine, container.id, 30),
  };
  await writeRecord(await ctx.lock("stack"), input.environment, ended);
  await remove(engine, container.id, { scratch: true });
  return ended;
}

async function exit(input: Input, { id }: Seen, ctx: StageContext): Promise<Seen> {
  const engine = await ctx.host.engine();
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ctx.signal]);
  // For people who read along: what it printed is read again at its end, so a broken stream costs nothing.
  const following = followLogs(engine, id, { log: (text) => ctx.log(text), signal }).catch(() => undefined);
  const look = async () => {
    const now = await foundOrAsk(input, ctx);
    return now.status === "exited" || now.status === "dead" ? now : undefined;
  };
  const ended = await until(look, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 300, signal: ctx.signal });
  over.abort();
  await following;
  return ended ?? foundOrAsk(input, ctx);
}

async function foundOrAsk(input: Input, ctx: StageContext): Promise<Seen> {
  const engine = await engineIfAny(ctx);
  const found = engine && (await findContainer(engine, nameOf(input)));
  if (!found) throw migrationUnknown(nameOf(input), recordFile(input.environment), ctx.host);
  return found;
}
