import { BerthError } from "../kit/error.ts";

/** For what a schema cannot say: arguments that exclude or need one another. */
export const badArguments = (tool: string, cause: string, next: string) =>
  new BerthError({
    code: "bad_arguments",
    message: "The arguments do not fit this tool, so nothing was done.",
    object: tool,
    cause,
    next,
  });
