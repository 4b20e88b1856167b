import { z } from "zod";

/** The step whose output says how a command ended, and whose log is what it printed. */
export const commandRan = "command/run";

export const CommandEnd = z.object({ exitCode: z.int(), outOfMemory: z.boolean() });
