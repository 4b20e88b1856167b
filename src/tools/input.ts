import type { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { Tool } from "./tool.ts";

/** Arguments as the tool takes them. Throws `bad_input` that names each argument that is wrong, and those there are. */
export function inputOf(tool: Tool, given: unknown): unknown {
  const parsed = tool.input.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  throw badInput(tool.name, parsed.error.issues.map(issueText).join("\n"), namesOf(tool));
}

/** For what a schema cannot say: arguments that exclude or need one another. */
export const badInput = (tool: string, cause: string, allowed: readonly string[]) =>
  new BerthError({
    code: "bad_input",
    message: "The arguments are not what this tool takes, so nothing was done.",
    object: tool,
    cause,
    next: `Arguments of ${tool}: ${allowed.join(", ") || "none"}. No argument approves anything: only a person does.`,
  });

function issueText(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => cleanLine([at, key].filter(Boolean).join("."), 80));
    return `${names.join(", ")}: there is no such argument`;
  }
  return `${cleanLine(at, 80) || "arguments"}: ${cleanLine(issue.message)}`;
}

const namesOf = ({ input }: Tool): string[] => ("shape" in input ? Object.keys(input.shape as object) : []);
