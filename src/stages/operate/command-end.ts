import { z } from "zod";
import type { RunEvent } from "../../run/event.ts";

/** The step whose output says how a command ended, and whose log is what it printed. */
export const commandRan = "command/run";

export const CommandEnd = z.object({ exitCode: z.int(), outOfMemory: z.boolean() });

/** How a command has ended, where an event says so. */
export const commandEndIn = (event: RunEvent): z.infer<typeof CommandEnd> | undefined =>
  (event.event === "done" || event.event === "observed") && event.step === commandRan
    ? CommandEnd.safeParse(event.output).data
    : undefined;
