import type Docker from "dockerode";
import { z } from "zod";
import { ifThere } from "../../../host/docker/answers.ts";
import { labels } from "../../../kit/layout.ts";
import { defineStep } from "../../context.ts";
import { containersOf, remove, type Seen, stop } from "../../deploy/containers.ts";
import { engineForActing } from "../../deploy/engine.ts";
import { drained } from "../../deploy/retire.ts";
import { leftOf } from "./engine.ts";

/** In the order in which they end: nothing loses its database before itself. */
const roles = ["command", "release-command", "service", "backing"];

/** Ends everything that carries the stack's label, each within its own time to stop. Volumes are steps of their own. */
export const removeContainers = defineStep({
  kind: "destroy.containers",
  effect: "destroy",
  input: z.object({ stack: z.string() }),
  before: z.object({ containers: z.array(z.string()) }),
  output: z.null(),
  title: ({ stack }) => `stop and remove the containers of ${stack}`,

  observe: async ({ stack }, ctx) => {
    const left = await leftOf(ctx, (engine) => labelled(engine, stack));
    return left?.length === 0 ? { output: null } : { before: { containers: left?.map(nameOf) ?? [] } };
  },

  apply: async ({ stack }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    for (const { id, name, status, address } of await inOrder(engine, stack)) {
      if (status === "running" && address !== null) await drained(address, ctx);
      ctx.log(`stopping ${name}\n`);
      await stop(engine, id);
      await remove(engine, id, { scratch: true });
    }
    // Of a role that this version does not know.
    for (const { Id } of await labelled(engine, stack)) {
      await stop(engine, Id);
      await ifThere(engine.getContainer(Id).remove({ v: true }));
    }
  },
});

async function inOrder(engine: Docker, stack: string): Promise<Seen[]> {
  const rank = ({ labels: marks }: Seen) => roles.indexOf(marks[labels.role] ?? "");
  return (await containersOf(engine, stack, roles)).toSorted((a, b) => rank(a) - rank(b));
}

const labelled = (engine: Docker, stack: string) =>
  engine.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`] } });

const nameOf = ({ Names }: Docker.ContainerInfo) => (Names[0] ?? "").replace(/^\//, "");
