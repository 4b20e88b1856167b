import { z } from "zod";
import { ifThere, statusOf, wordsOf } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";
import { defineStep } from "../context.ts";
import { Plan } from "../plan/schema.ts";
import { engineForActing, engineIfAny } from "./engine.ts";

const Input = z.object({ stack: Plan.shape.stack, network: Plan.shape.network });
type Input = z.infer<typeof Input>;

/** The stack's own network. Services have fixed addresses in it, outside the range that the Engine hands out from. */
export const network = defineStep({
  kind: "deploy.network",
  effect: "change",
  input: Input,
  before: z.null(),
  output: z.object({ id: z.string() }),
  title: ({ network: { name, subnet } }) => `network ${name} (${subnet})`,

  observe: async ({ stack, network: wanted }, ctx) => {
    const engine = await engineIfAny(ctx);
    const found = engine && (await ifThere(engine.getNetwork(wanted.name).inspect()));
    if (!found || found.Name !== wanted.name) return { before: null };
    if (found.Labels?.[labels.stack] !== stack) throw foreign(wanted.name);
    const config = found.IPAM?.Config?.[0] ?? {};
    const same =
      config["Subnet"] === wanted.subnet &&
      config["Gateway"] === wanted.gateway &&
      config["IPRange"] === wanted.ipRange;
    if (!same)
      throw different(wanted, `it has ${config["Subnet"]}, gateway ${config["Gateway"]}, range ${config["IPRange"]}`);
    return { output: { id: found.Id } };
  },

  apply: async ({ stack, network: { name, subnet, gateway, ipRange } }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    try {
      await engine.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: "bridge",
        IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway, IPRange: ipRange }] },
        Labels: { [labels.stack]: stack },
      });
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      throw taken({ name, subnet }, wordsOf(error));
    }
  },

  undo: async ({ network: { name } }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    await ifThere(engine.getNetwork(name).remove());
  },
});

const foreign = (name: string) =>
  new BerthError({
    code: "network_foreign",
    message: `A network of the name ${name} is there and is not this stack's.`,
    object: name,
    cause: "It does not have this stack's label, so somebody else made it.",
    next: `Name the stack otherwise (berth plan … --stack NAME), or remove the network on the server: docker network rm ${name}`,
  });

const different = ({ name, subnet }: Input["network"], cause: string) =>
  new BerthError({
    code: "network_different",
    message: `The stack's network is there with other addresses than the planned ${subnet}.`,
    object: name,
    cause: `${cause}; a network cannot be changed while containers are in it.`,
    next: "Plan again, so that the plan takes the addresses that are there: berth plan",
  });

const taken = ({ name, subnet }: Pick<Input["network"], "name" | "subnet">, cause: string) =>
  new BerthError({
    code: "subnet_taken",
    message: `The network with ${subnet} cannot be made.`,
    object: name,
    cause: `The Docker Engine on the server says: ${cause}`,
    next: "Plan again, so that a free network is chosen: berth plan",
  });
