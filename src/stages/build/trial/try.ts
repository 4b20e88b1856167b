import type Docker from "dockerode";
import type { StageContext } from "../../context.ts";
import type { Backing, SecretUse, Service } from "../../plan/schema.ts";
import { type Ended, runToEnd, startUntilSeen, type Verdict } from "./start.ts";
import { environment, madeUp, secretsOf } from "./values.ts";
import { failureOf } from "./verdict.ts";
import { closeWorld, openWorld, type World } from "./world.ts";

export interface TrialInput {
  stack: string;
  backing: readonly Backing[];
  secrets: readonly SecretUse[];
  /** The stack's services that have a release command: what it makes, others may need. */
  releasing: readonly string[];
}

type Ctx = Pick<StageContext, "log" | "signal" | "givenSecret">;

/**
 * Starts a service from its image as the server will, in a network of its own with backing services of its own and with
 * made-up secrets, and waits until it listens where the plan says, or runs on. Nothing of it stays. Throws `app_crashed`,
 * `listens_elsewhere`, `listens_on_loopback`, `never_listened`, `trial_impossible`.
 */
export async function tryService(
  engine: Docker,
  image: string,
  service: Service,
  input: TrialInput,
  ctx: Ctx,
): Promise<void> {
  const values = madeUp(input.secrets, (name) => ctx.givenSecret(name).length);
  const world: World = { name: `berth-verify-${input.stack}-${service.name}`, values };
  ctx.log(`starting ${service.name} in a network of its own, to see that it ${aimOf(service)}\n`);
  try {
    await openWorld(engine, world, needed(service, input.backing), ctx);
    const { verdict, release } = await start(engine, world, image, service, ctx);
    if (verdict.kind === "listening") return ctx.log(`${service.name} listens on port ${service.port}\n`);
    if (verdict.kind === "steady") return ctx.log(`${service.name} runs on\n`);
    if (verdict.kind === "unseen")
      return ctx.log(`${service.name} runs; where it listens cannot be read from its image\n`);
    const failure = failureOf(service, verdict, release);
    const lacks = lackedBy(service, input);
    if (lacks.length === 0 || verdict.kind === "elsewhere" || verdict.kind === "loopback") throw failure;
    ctx.log(`${failure.message} It was started ${lacks.join(" and ")}, so this decides nothing.\n`);
  } finally {
    await closeWorld(engine, world.name);
  }
}

/** An application may need its tables in order to start: then the release command comes first, and it starts once more. */
async function start(
  engine: Docker,
  world: World,
  image: string,
  service: Service,
  ctx: Ctx,
): Promise<{ verdict: Verdict; release: Ended | undefined }> {
  const body = bodyOf(image, service, world.values);
  const first = await startUntilSeen(engine, world, service, body, ctx);
  if (first.kind !== "crashed" || service.releaseCommand === null) return { verdict: first, release: undefined };
  ctx.log(`it ended before it listened; once more, after its release command\n`);
  const release = await runToEnd(engine, world, { ...body, Cmd: service.releaseCommand }, ctx);
  if (release.code !== 0) return { verdict: first, release };
  return { verdict: await startUntilSeen(engine, world, service, body, ctx), release };
}

const bodyOf = (
  image: string,
  service: Service,
  values: ReadonlyMap<string, string>,
): Docker.ContainerCreateOptions => ({
  Image: image,
  Env: environment(service.env, values),
  ...(service.entrypoint === null ? {} : { Entrypoint: service.entrypoint }),
  ...(service.command === null ? {} : { Cmd: service.command }),
  ...(service.user === null ? {} : { User: service.user }),
  // Nameless volumes: like the real ones, they begin with what the image has there.
  Volumes: Object.fromEntries(service.mounts.map(({ path }) => [path, {}])),
  HostConfig: {
    Memory: service.memoryMegabytes * 1024 * 1024,
    CapDrop: ["ALL"],
    CapAdd: service.capabilities,
    Init: true,
  },
});

function needed(service: Service, backing: readonly Backing[]): Backing[] {
  const names = new Set(service.dependsOn);
  for (const source of Object.values(service.env)) if (source.from === "reference") names.add(source.to);
  return backing.filter(({ name }) => names.has(name));
}

const aimOf = ({ port }: Service) => (port === null ? "runs on" : `listens on port ${port}`);

/** What a trial cannot give, and for want of which an application may rightly refuse to start. */
function lackedBy(service: Service, { secrets, backing, releasing }: TrialInput): string[] {
  const stores = needed(service, backing);
  const others = service.dependsOn.filter((name) => !backing.some((store) => store.name === name));
  const madeBy = service.releaseCommand === null && stores.length > 0 ? releasing : [];
  const given = givenTo(service, secrets);
  return [
    ...(given.length > 0 ? [`with made-up values for ${given.join(", ")}`] : []),
    ...(others.length > 0 ? [`without ${others.join(", ")}`] : []),
    ...(madeBy.length > 0 ? [`without what the release command of ${madeBy.join(", ")} makes`] : []),
  ];
}

function givenTo(service: Service, secrets: readonly SecretUse[]): string[] {
  const used = secretsOf(service.env);
  return secrets.filter(({ origin, name }) => origin === "given" && used.has(name)).map(({ name }) => name);
}
