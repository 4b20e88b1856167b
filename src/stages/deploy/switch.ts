import type Docker from "dockerode";
import { z } from "zod";
import { writeFile } from "../../host/files.ts";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { until } from "../../kit/wait.ts";
import { StackRoutes } from "../../proxies/proxy.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Plan } from "../plan/schema.ts";
import { askHttps, type HttpsAnswer, wellAnswered } from "./answer.ts";
import type { Check } from "./checks.ts";
import { containersOf, findContainer } from "./containers.ts";
import { engineForActing, engineIfAny } from "./engine.ts";
import { assertUp } from "./gate.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { putRoutes, routesServed } from "./routes.ts";
import { routesAfter, routesThere, sameRoutes } from "./routes-of.ts";
import { putBack, Whole } from "./serving.ts";
import { undoImpossible } from "./undo.ts";
import { firstOf, readUpstreams } from "./upstreams.ts";

const verifySeconds = 20;

const Input = z.object({
  ...Watched.shape,
  proxy: Plan.shape.proxy,
  planned: StackRoutes,
  /** The file that the proxy reads for each replica of a service, and the container that it shall name. */
  upstreams: z.array(z.object({ file: z.string(), container: z.string(), port: z.int() })),
  /** All services, routed or not: where one address does not answer well, all of them are what they were. */
  whole: Whole,
});
type Input = z.infer<typeof Input>;

const Before = z.object({
  upstreams: z.array(z.object({ file: z.string(), content: z.string().nullable() })),
  routes: StackRoutes.nullable(),
});
type Before = z.infer<typeof Before>;

/**
 * All of a stack's services at once: the proxy sends the next request to the new containers, and the answer is verified
 * through it. Where one host does not answer well, everything is pointed back at once, and the old version serves.
 */
export const switchTraffic = defineStep({
  kind: "deploy.switch",
  effect: "change",
  input: Input,
  before: Before,
  output: z.object({
    upstreams: z.array(z.string()),
    verified: z.array(
      z.object({ host: z.string(), path: z.string(), status: z.int(), from: z.enum(["here", "server"]) }),
    ),
  }),
  title: ({ checks }) => `switch to the new release and verify ${checks.map(addressOfCheck).join(", ")}`,

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    const before = await current(input, ctx);
    const wanted = engine && (await wantedUpstreams(engine, input, before));
    if (!wanted || before.upstreams.some(({ file, content }) => content !== wanted.get(file))) return { before };
    if (!(await routesServed("move", input, ctx))) return { before };
    const { verified, failed } = await verify(input, ctx);
    return failed ? { before } : { output: { upstreams: [...wanted.values()], verified } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    // Read again: a run that goes on after a crash may have switched before it, and must not take that for the old.
    const before = await current(input, ctx);
    const wanted = await wantedUpstreams(engine, input, before);
    if (!wanted) throw vanished(input);
    const started = input.whole.services.flatMap(({ containers }) => containers);
    const watch = await watchVisitors(input, ctx);
    if (!watch) ctx.log("no requests are counted: before this, nothing answered this machine well over HTTPS\n");
    try {
      await assertUp(engine, started, ctx);
      await pointUpstreams(wanted, ctx);
      watch?.switched(true);
      await moveRoutes(input, ctx);
      await verifyOrThrow(input, ctx);
      await assertUp(engine, started, ctx);
    } catch (error) {
      await pointBack(input, before, ctx);
      watch?.switched(false);
      await putBack(engine, input.whole, ctx.host);
      throw error;
    }
  },

  undo: async (input, before, ctx) => {
    const engine = await engineForActing(ctx);
    const there = (await containersOf(engine, input.planned.stack, ["service"])).map(({ address }) => address);
    const gone = before.upstreams.some(({ content }) => content !== null && !there.includes(addressOf(content)));
    if (gone) throw undoImpossible(input.upstreams.map(({ container }) => container).join(", "));
    await pointBack(input, before, ctx);
  },
});

/** What stands in the files of all replicas: of those that are planned, and of those that are there beside them. */
async function current({ upstreams, planned }: Input, ctx: StageContext): Promise<Before> {
  const files = upstreams.map(({ file }) => file);
  const there = await readUpstreams(ctx.host, [...new Set(files.map(firstOf))]);
  const missing = files.filter((file) => !there.some((one) => one.file === file));
  return {
    upstreams: [...there, ...missing.map((file) => ({ file, content: null }))],
    routes: (await routesThere(ctx.host, planned)) ?? null,
  };
}

/**
 * `ADDRESS:PORT` for each file; undefined while one of the containers is not there. The file of a replica that is no longer
 * planned leads to the first one: a proxy that is just being left by its visitors knows it still.
 */
async function wantedUpstreams(
  engine: Docker,
  { upstreams }: Input,
  before: Before,
): Promise<Map<string, string> | undefined> {
  const wanted = new Map<string, string>();
  for (const { file, container, port } of upstreams) {
    const found = await findContainer(engine, container);
    if (!found?.address) return undefined;
    wanted.set(file, `${found.address}:${port}`);
  }
  for (const { file } of before.upstreams) {
    const first = wanted.get(firstOf(file));
    if (!wanted.has(file) && first !== undefined) wanted.set(file, first);
  }
  return wanted;
}

/** Before the routes: a host that moves to another service finds it pointed at something that answers. */
async function pointUpstreams(wanted: ReadonlyMap<string, string>, ctx: StageContext): Promise<void> {
  const lock = await ctx.lock("stack");
  for (const [file, content] of wanted) await writeFile(lock, file, content, { mode: "0600" });
}

async function moveRoutes(input: Input, ctx: StageContext): Promise<void> {
  if (await routesServed("move", input, ctx)) return;
  const there = await routesThere(ctx.host, input.planned);
  await putRoutes(routesAfter("move", there, input.planned), input, ctx);
}

const addressOf = (upstream: string) => upstream.split(":")[0] ?? "";

async function pointBack(input: Input, { upstreams, routes }: Before, ctx: StageContext): Promise<void> {
  const lock = await ctx.lock("stack");
  for (const { file, content } of upstreams) {
    if (content === null) await lock.run(["rm", "-f", "--", file]);
    else await writeFile(lock, file, content, { mode: "0600" });
  }
  const old = routes ?? { ...input.planned, routes: [] };
  if (!sameRoutes(await routesThere(ctx.host, input.planned), old)) await putRoutes(old, input, ctx);
}

type Verified = { host: string; path: string; status: number; from: "here" | "server" };

async function verifyOrThrow(input: Input, ctx: StageContext): Promise<void> {
  let last: Awaited<ReturnType<typeof verify>>["failed"];
  const look = async () => {
    const { failed } = await verify(input, ctx);
    last = failed;
    return failed ? undefined : true;
  };
  const timing = { timeoutMs: verifySeconds * 1000, everyMs: 500, signal: ctx.signal };
  if (!(await until(look, timing)) && last) throw verifyFailed(last.address, last.answered);
}

async function verify({ server, checks }: Input, ctx: StageContext) {
  const verified: Verified[] = [];
  for (const check of checks) {
    const { host, path, success } = check;
    const answered = await askHttps({ server, name: host, path, trustedRoots: ctx.trustedRoots }, ctx.host, ctx.signal);
    const { answer, from } = answered;
    if (answer.kind !== "status" || !wellAnswered(answer.status, success ? path : null))
      return { verified, failed: { address: addressOfCheck(check), answered } };
    verified.push({ host, path, status: answer.status, from });
  }
  return { verified, failed: undefined };
}

/** As a visitor would type it: the path of a health check is nobody's address. */
const addressOfCheck = ({ host, route }: Check) => `https://${host}${route === "/" ? "" : route}`;

function verifyFailed(address: string, { answer, from }: HttpsAnswer): BerthError {
  const where =
    from === "here" ? "from this machine" : "from the server itself, since its port 443 cannot be reached from here";
  const said =
    answer.kind === "status"
      ? `It answers ${answer.status}${answer.location === "" ? "" : ` and leads to ${cleanLine(answer.location, 200)}`}.`
      : answer.kind === "silent"
        ? answer.words
        : "Nobody answers on port 443.";
  return new BerthError({
    code: "verify_failed",
    message: `${address} does not answer well through the proxy. It was switched back, and the old version serves.`,
    object: address.replace("https://", ""),
    cause: `Asked ${where}: ${said}`,
    next: "Read the application's log and the proxy's on the server (docker logs --tail 50 berth-proxy), then: berth resume",
  });
}

const vanished = ({ upstreams }: Input) =>
  new BerthError({
    code: "container_gone",
    message: "A container that was started just now is gone.",
    object: upstreams.map(({ container }) => container).join(", "),
    cause: "Somebody has removed it meanwhile.",
    next: "berth resume",
  });
