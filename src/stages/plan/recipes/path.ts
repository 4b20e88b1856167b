import { BerthError } from "../../../kit/error.ts";
import { cleanLine } from "../../../kit/text.ts";

/** Letters of any script and what neither a Dockerfile nor a shell gives a meaning to; no dash in front, which begins an option. */
const literal = /^[\p{L}\p{N}_@%+=:,./][\p{L}\p{M}\p{N}_@%+=:,./-]*$/u;

/**
 * A path of the repository for a line of a Dockerfile, as it is. Throws `path_unsupported`: a name that ends the line, or
 * that a shell expands, would let whoever named a folder write steps of the build.
 */
export function literalPath(path: string): string {
  if (literal.test(path)) return path;
  throw new BerthError({
    code: "path_unsupported",
    message: "A folder of the source has a name that cannot stand in a Dockerfile.",
    object: cleanLine(path, 200) || "(a name without a visible character)",
    cause: "Spaces, quotes, and what a shell or a Dockerfile reads as something else are not taken there.",
    next: "Rename the folder with letters, digits, dots, dashes and underscores, then run the command again.",
  });
}
