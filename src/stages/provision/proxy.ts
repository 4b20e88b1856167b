import { z } from "zod";
import { hashOf } from "../../kit/canonical.ts";
import type { ProxyAccess } from "../../proxies/access.ts";
import { applyProxy, writeProxyConfiguration } from "../../proxies/apply.ts";
import { viewProxy } from "../../proxies/image.ts";
import { lookForStack } from "../../proxies/met.ts";
import { StackRoutes } from "../../proxies/proxy.ts";
import { defineStep, type StageContext } from "../context.ts";
import { ProxyInput } from "./proxy-image.ts";

const Input = ProxyInput.extend({
  /** What the stack's own part of the configuration will be: until then it stays as it is served, whatever its file says. */
  planned: StackRoutes,
});
type Input = z.infer<typeof Input>;

/** The configuration for all stacks on the server, checked and in its place: a proxy that is not there yet starts with it. */
export const proxyConfiguration = defineStep({
  kind: "provision.proxy-configuration",
  effect: "change",
  input: Input,
  before: z.object({}),
  output: z.object({ hash: z.string() }),
  title: () => "configure the proxy",
  async observe(input, { host }) {
    const { wanted, written, current } = (await lookForStack(await viewProxy(host, input), input.planned)).state;
    // One that is there gets it by the next step, with whatever else is to be changed of it: once, and all or nothing.
    return written || current ? { output: { hash: hashOf(wanted) } } : { before: {} };
  },
  async apply(input, _before, ctx) {
    const access = await accessOf(input, ctx);
    const { routes } = await lookForStack(access, input.planned);
    await writeProxyConfiguration(access, routes ?? { ...input.planned, routes: [] });
  },
});

/** One proxy runs, made from this image or a newer one and these settings, listens, and serves what all stacks want. */
export const proxyContainer = defineStep({
  kind: "provision.proxy-container",
  effect: "change",
  input: Input,
  before: z.object({ running: z.boolean(), sameImage: z.boolean() }),
  output: z.object({ container: z.string() }),
  title: ({ image }) => `run the proxy (${image.split("@")[0]}) on ports 80 and 443`,
  async observe(input, { host }) {
    const { state } = await lookForStack(await viewProxy(host, input), input.planned);
    const { written, settled, current, sameSpec } = state;
    if (written && settled && current) return { output: { container: current.id } };
    return { before: { running: current?.running === true, sameImage: sameSpec } };
  },
  async apply(input, _before, ctx) {
    const access = await accessOf(input, ctx);
    const { routes } = await lookForStack(access, input.planned);
    await applyProxy(access, routes ?? { ...input.planned, routes: [] });
  },
});

async function accessOf(input: Input, ctx: StageContext): Promise<ProxyAccess> {
  const { host, log, signal } = ctx;
  const lock = await ctx.lock("server");
  return { ...(await viewProxy(host, input)), engine: await host.engine(), lock, log, signal };
}
