import type { Tool } from "./tool.ts";

/** MCP's hints, all of them derived from what a tool may do. */
interface Annotations {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/**
 * In MCP's words whatever is not only added is destructive, and a deploy replaces what runs. What only changes may be
 * called again: a grant is spent once, and the same call finds the same run.
 */
export const annotationsOf = ({
  effect,
  repeats,
  openWorld,
}: Pick<Tool, "effect" | "repeats" | "openWorld">): Annotations => ({
  readOnlyHint: effect === "read",
  destructiveHint: effect !== "read",
  idempotentHint: effect === "read" || (effect === "change" && !repeats),
  openWorldHint: openWorld,
});
