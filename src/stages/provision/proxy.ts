import { z } from "zod";
import { ifThere, statusOf } from "../../host/docker/answers.ts";
import { engineIfAny } from "../../host/docker/engine-if-any.ts";
import { lastLines } from "../../host/docker/logs.ts";
import { byDigest, pull } from "../../host/docker/pull.ts";
import type { Host } from "../../host/host.ts";
import { hashOf } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";
import { cleanLine } from "../../kit/text.ts";
import { until } from "../../kit/wait.ts";
import { applyProxyConfiguration, lookAtConfiguration } from "../../proxies/apply.ts";
import { proxyOf } from "../../proxies/index.ts";
import type { ReverseProxy } from "../../proxies/proxy.ts";
import { defineStep } from "../context.ts";

const Input = z.object({ kind: z.string(), image: z.string().regex(/@sha256:[0-9a-f]{64}$/) });
type Input = z.infer<typeof Input>;

/** The proxy's image, by its content, pulled by the server itself. */
export const proxyImage = defineStep({
  kind: "provision.proxy-image",
  effect: "change",
  input: Input,
  before: z.object({}),
  output: z.object({ id: z.string() }),
  title: ({ image }) => `pull ${image.split("@")[0]}`,
  async observe({ image }, { host }) {
    const engine = await engineIfAny(host);
    const found = engine && (await ifThere(engine.getImage(byDigest(image)).inspect()));
    return found ? { output: { id: found.Id } } : { before: {} };
  },
  async apply({ image }, _before, ctx) {
    await ctx.lock("server");
    await pull(await ctx.host.engine(), image, ctx);
  },
});

/** The configuration for all stacks on the server, checked and in its place: the proxy starts with it. */
export const proxyConfiguration = defineStep({
  kind: "provision.proxy-configuration",
  effect: "change",
  input: Input,
  before: z.object({}),
  output: z.object({ hash: z.string() }),
  title: () => "configure the proxy",
  async observe({ kind }, { host }) {
    const { wanted, written, served } = await lookAtConfiguration({ host, proxy: proxyOf(kind) });
    return written && served !== false ? { output: { hash: hashOf(wanted) } } : { before: {} };
  },
  async apply({ kind, image }, _before, ctx) {
    const { host } = ctx;
    const [lock, engine] = [await ctx.lock("server"), await host.engine()];
    await applyProxyConfiguration({ host, lock, engine, proxy: proxyOf(kind), image: byDigest(image) });
  },
});

/** The proxy runs, made from this image and these settings, and listens. */
export const proxyContainer = defineStep({
  kind: "provision.proxy-container",
  effect: "change",
  input: Input,
  before: z.object({ image: z.string().nullable(), running: z.boolean() }),
  output: z.object({ container: z.string() }),
  title: ({ image }) => `run the proxy (${image.split("@")[0]}) on ports 80 and 443`,
  async observe(input, { host }) {
    const found = await inspect(input, host);
    const running = found?.State.Running === true && found.Config.Labels[labels.spec] === specOf(input);
    if (found && running && (await listens(host, found.State.Pid))) return { output: { container: found.Id } };
    return { before: { image: found?.Config.Image ?? null, running: found?.State.Running === true } };
  },
  async apply(input, _before, ctx) {
    const { host, signal } = ctx;
    await ctx.lock("server");
    const engine = await host.engine();
    const found = await inspect(input, host);
    if (found && found.Config.Labels[labels.role] !== "proxy") throw nameTaken(found.Config.Image, proxyOf(input.kind));
    if (found && found.Config.Labels[labels.spec] !== specOf(input)) {
      // Stopped gracefully: what is in flight ends. New connections are refused until the next one listens.
      await engine.getContainer(found.Id).stop().catch(unlessSo);
      await engine.getContainer(found.Id).remove();
    }
    const proxy = proxyOf(input.kind);
    if (found?.Config.Labels[labels.spec] !== specOf(input)) {
      await engine.createContainer({ ...bodyOf(input, proxy), name: proxy.containerName });
    }
    await engine.getContainer(proxy.containerName).start().catch(unlessSo);
    const up = await until(async () => ((await isUp(input, host)) ? true : undefined), { timeoutMs: 30_000, signal });
    if (!up) throw await notUp(proxy, host);
  },
});

function bodyOf(input: Input, proxy: ReverseProxy) {
  return proxy.container(byDigest(input.image), { [labels.role]: "proxy", [labels.spec]: specOf(input) });
}

/** Hash of what the container is made from. */
const specOf = ({ kind, image }: Input) => hashOf(proxyOf(kind).container(byDigest(image), {})).slice(0, 16);

async function inspect({ kind }: Input, host: Host) {
  const engine = await engineIfAny(host);
  return engine && ifThere(engine.getContainer(proxyOf(kind).containerName).inspect());
}

async function isUp(input: Input, host: Host): Promise<boolean> {
  const found = await inspect(input, host);
  return found?.State.Running === true && (await listens(host, found.State.Pid));
}

/** Its control socket answers before its ports are open, so the ports are looked at. */
async function listens(host: Host, pid: number): Promise<boolean> {
  const sockets = (await host.read(["ss", "-Htlnp", "( sport = :80 or sport = :443 )"])).split("\n");
  return sockets.filter((line) => line.includes(`pid=${pid},`)).length >= 2;
}

async function notUp(proxy: ReverseProxy, host: Host): Promise<BerthError> {
  return new BerthError({
    code: "proxy_not_up",
    message: "The proxy was started and does not listen on ports 80 and 443.",
    object: proxy.containerName,
    cause: await lastLines(await host.engine(), proxy.containerName, 10),
    next: `Read its log on the server: docker logs --tail 50 ${proxy.containerName}`,
  });
}

const nameTaken = (image: string, { containerName }: ReverseProxy) =>
  new BerthError({
    code: "name_taken",
    message: `A container that is not Berth's has the name ${containerName}.`,
    object: containerName,
    cause: `It was made from ${cleanLine(image, 200)} and does not carry Berth's label.`,
    next: `Rename it on the server (docker rename ${containerName} NAME), then deploy again.`,
  });

/** 304: it was so already. */
function unlessSo(error: unknown): undefined {
  if (statusOf(error) === 304) return undefined;
  throw error;
}
