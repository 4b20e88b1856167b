import { z } from "zod";
import { readFile } from "../../../host/files.ts";
import type { Host } from "../../../host/host.ts";
import { sh } from "../../../host/quote.ts";
import { paths } from "../../../kit/layout.ts";
import { proxyOf } from "../../../proxies/index.ts";
import { defineStep } from "../../context.ts";
import { Plan } from "../../plan/schema.ts";

const Input = z.object({ stack: z.string(), proxy: Plan.shape.proxy });

/** Secrets, releases and where the proxy found the services. What says that the stack stands goes last, by itself. */
export const removeFiles = defineStep({
  kind: "destroy.files",
  effect: "destroy",
  input: Input,
  before: z.object({ files: z.array(z.string()) }),
  output: z.null(),
  title: ({ stack }) => `remove the secrets and releases of ${stack}`,

  observe: async (input, ctx) => {
    const files = await leftovers(input, ctx.host);
    return files.length === 0 ? { output: null } : { before: { files } };
  },

  apply: async (input, _before, ctx) => {
    const lock = await ctx.lock("stack");
    const files = await leftovers(input, ctx.host);
    await lock.run(["rm", "-rf", "--", ...files]);
  },
});

/** Where nothing is, neither is printed. No name of a stack holds what a glob knows. */
async function leftovers({ stack, proxy }: z.infer<typeof Input>, host: Host): Promise<string[]> {
  const upstreams = proxyOf(proxy.kind).upstreamFile(stack, "");
  const listed = await host.read(
    sh(
      'for f in "$1"/* "$1"/.[!.]* "$2"*; do [ -e "$f" ] && [ "$f" != "$3" ] && echo "$f"; done; :',
      paths.stack(stack),
      upstreams,
      paths.applied(stack),
    ),
  );
  return listed === "" ? [] : listed.split("\n");
}

/** The last step: from here on the stack was never there. */
export const removeRecord = defineStep({
  kind: "destroy.record",
  effect: "destroy",
  input: z.object({ stack: z.string() }),
  before: z.null(),
  output: z.null(),
  title: ({ stack }) => `record that ${stack} is gone`,

  observe: async ({ stack }, ctx) =>
    (await readFile(ctx.host, paths.applied(stack))) === undefined ? { output: null } : { before: null },

  apply: async ({ stack }, _before, ctx) => {
    const lock = await ctx.lock("stack");
    await lock.run(["rm", "-rf", "--", paths.stack(stack)]);
  },
});
