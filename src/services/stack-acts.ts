import { z } from "zod";
import { type Operation, operationHash } from "../approval/operation.ts";

/** What an act is done to: a stack on its server, as this plan has made it. */
const about = { stack: z.string(), server: z.string(), plan: z.string() };

/** What is done to a stack that is no plan: each is approved by its exact arguments, and is a run of its own. */
const StackAct = z.discriminatedUnion("act", [
  z.object({
    act: z.literal("destroy_stack"),
    arguments: z.strictObject({ ...about, volumes: z.array(z.object({ name: z.string(), holds: z.string() })) }),
  }),
  z.object({
    act: z.literal("run_command"),
    arguments: z.strictObject({ ...about, service: z.string(), argv: z.array(z.string()).min(1) }),
  }),
]);
export type StackAct = z.infer<typeof StackAct>;

/** The part of its grant that an act is; a plan has others. */
export const actParts = ["destroy", "command"] as const;
export type ActPart = (typeof actParts)[number];

export const partOf = ({ act }: StackAct): ActPart => (act === "destroy_stack" ? "destroy" : "command");

export const operationOfAct = (act: StackAct): Operation => ({ kind: "act", ...act });
export const actHash = (act: StackAct): string => operationHash(operationOfAct(act));

/** Undefined where an operation is none of these: a plan, or the cancel of a run. */
export const actIn = (operation: unknown): StackAct | undefined => StackAct.safeParse(operation).data;
