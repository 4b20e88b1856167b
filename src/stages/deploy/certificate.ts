import type Docker from "dockerode";
import { z } from "zod";
import { demultiplex } from "../../host/docker/logs.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { until } from "../../kit/wait.ts";
import { renewProxy } from "../../proxies/apply.ts";
import { type CertificateFacts, certificateOf } from "../../proxies/certificate.ts";
import { proxyOf } from "../../proxies/index.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Plan } from "../plan/schema.ts";
import { refusalIn } from "./certificate-log.ts";
import { engineForActing, engineIfAny } from "./engine.ts";
import { accessToProxy } from "./routes.ts";

const waitSeconds = 120;
const justNowSeconds = 3;
/** From the start of a proxy that knows new routes until it has the place of the one before it, and somebody looks. */
const takeOverSeconds = 20;
const day = 24 * 3600 * 1000;

const Input = z.object({ host: z.string(), proxy: Plan.shape.proxy });
type Input = z.infer<typeof Input>;

/**
 * A certificate for a host, before anything is switched: a refused one leaves the old version serving. The proxy asks the
 * authority and backs off by itself, since authorities lock out who asks in a loop; here it is only waited for.
 */
export const certificate = defineStep({
  kind: "deploy.certificate",
  effect: "change",
  input: Input,
  before: z.null(),
  output: z.object({ issuer: z.string(), notAfter: z.string() }),
  title: ({ host }) => `certificate for ${host}`,

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    const found = engine && (await valid(engine, input, ctx));
    return found ? { output: { issuer: cleanLine(found.issuer), notAfter: found.notAfter } } : { before: null };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const since = await beginning(engine, input, ctx);
    const look = async () => {
      if (await valid(engine, input, ctx)) return "issued";
      const refusal = refusalIn(await proxyLog(engine, input, { since }), input.host);
      return refusal?.givenUp ? refusal.words : undefined;
    };
    const seen = await until(look, { timeoutMs: waitSeconds * 1000, everyMs: 500, signal: ctx.signal });
    if (seen === "issued") return;
    const earlier = seen ?? refusalIn(await proxyLog(engine, input, { tail: 2000 }), input.host)?.words;
    throw refused(input.host, earlier, await addressesOf(input.host, ctx));
  },
});

/**
 * Since when the proxy's log tells of this attempt, in seconds. Refused a while ago, the proxy may wait for hours until it
 * asks again; here a person has asked. Refused just now, or by a proxy that has just begun, it was for the routes that were
 * added a moment before.
 */
async function beginning(engine: Docker, input: Input, ctx: StageContext): Promise<number> {
  const clock = async () => Number(await ctx.host.read(["date", "+%s.%N"]));
  const [now, earlier] = [await clock(), refusalIn(await proxyLog(engine, input, { tail: 2000 }), input.host)];
  if (earlier === undefined) return now;
  const { State } = await engine.getContainer(proxyOf(input.proxy.kind).containerName).inspect();
  const isNew = now - Date.parse(State.StartedAt) / 1000 < takeOverSeconds;
  if (isNew || now - earlier.at < justNowSeconds) return earlier.at - justNowSeconds;
  ctx.log("refused before: the proxy asks again now\n");
  await renewProxy(await accessToProxy(input.proxy, ctx));
  return now;
}

async function valid(engine: Docker, { host, proxy }: Input, ctx: StageContext): Promise<CertificateFacts | undefined> {
  const found = await certificateOf({ host: ctx.host, engine, proxy: proxyOf(proxy.kind) }, host);
  return found?.names.includes(host) && Date.parse(found.notAfter) > Date.now() + day ? found : undefined;
}

async function proxyLog(
  engine: Docker,
  { proxy }: Input,
  range: { since: number } | { tail: number },
): Promise<string> {
  const container = engine.getContainer(proxyOf(proxy.kind).containerName);
  return demultiplex(await container.logs({ stdout: false, stderr: true, follow: false, ...range }));
}

/** The host's addresses as the server sees them; the authority's view may be another one. */
async function addressesOf(host: string, ctx: StageContext): Promise<string> {
  const { stdout } = await ctx.host.exec(sh('timeout 10 getent ahosts "$1" | cut -d" " -f1 | sort -u', host));
  return cleanLine(stdout, 200) || "no address";
}

const refused = (host: string, words: string | undefined, addresses: string) =>
  new BerthError({
    code: "certificate_refused",
    message: `There is no certificate for ${host}. What served before serves on.`,
    object: host,
    cause: words
      ? `The authority answered the proxy: ${words}`
      : `The authority has not answered the proxy within ${waitSeconds} s.`,
    next: `Check that the A and AAAA records of ${host} are this server's (it sees: ${addresses}) and that its port 80 can be reached from outside, then: berth resume. The proxy goes on asking by itself, ever more slowly.`,
  });
