import { z } from "zod";
import { hashOf } from "../../kit/canonical.ts";
import type { ProxyAccess } from "../../proxies/access.ts";
import { applyProxy, lookAtProxy, writeProxyConfiguration } from "../../proxies/apply.ts";
import { viewProxy } from "../../proxies/image.ts";
import { defineStep, type StageContext } from "../context.ts";
import { ProxyInput } from "./proxy-image.ts";

/** The configuration for all stacks on the server, checked and in its place: a proxy that is not there yet starts with it. */
export const proxyConfiguration = defineStep({
  kind: "provision.proxy-configuration",
  effect: "change",
  input: ProxyInput,
  before: z.object({}),
  output: z.object({ hash: z.string() }),
  title: () => "configure the proxy",
  async observe(input, { host }) {
    const { wanted, written, current } = await lookAtProxy(await viewProxy(host, input));
    // One that is there gets it by the next step, with whatever else is to be changed of it: once, and all or nothing.
    return written || current ? { output: { hash: hashOf(wanted) } } : { before: {} };
  },
  async apply(input, _before, ctx) {
    await writeProxyConfiguration(await accessOf(input, ctx));
  },
});

/** One proxy runs, made from this image or a newer one and these settings, listens, and serves what all stacks want. */
export const proxyContainer = defineStep({
  kind: "provision.proxy-container",
  effect: "change",
  input: ProxyInput,
  before: z.object({ running: z.boolean(), sameImage: z.boolean() }),
  output: z.object({ container: z.string() }),
  title: ({ image }) => `run the proxy (${image.split("@")[0]}) on ports 80 and 443`,
  async observe(input, { host }) {
    const { written, settled, current, sameSpec } = await lookAtProxy(await viewProxy(host, input));
    if (written && settled && current) return { output: { container: current.id } };
    return { before: { running: current?.running === true, sameImage: sameSpec } };
  },
  async apply(input, _before, ctx) {
    await applyProxy(await accessOf(input, ctx));
  },
});

async function accessOf(input: ProxyInput, ctx: StageContext): Promise<ProxyAccess> {
  const { host, log, signal } = ctx;
  const lock = await ctx.lock("server");
  return { ...(await viewProxy(host, input)), engine: await host.engine(), lock, log, signal };
}
