import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";

/** Why something failed, as the cause of another failure: an error's own cause says more than its sentence alone. */
export function reasonOf(error: unknown): string {
  if (error instanceof BerthError) return clean(`${error.message} ${error.cause}`, 1000);
  return clean(error instanceof Error ? error.message : String(error), 1000);
}
