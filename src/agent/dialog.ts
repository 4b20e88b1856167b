import type { ElicitRequestParams, ElicitResult } from "@modelcontextprotocol/client";
import type { Person } from "./types.ts";

/**
 * Puts what the server asks before the person. A form has one field: a yes or no, or a word to type, which the field's
 * title ends with. Any other form we do not know, and nobody fills it in.
 */
export async function answerDialog(dialog: ElicitRequestParams, person: Person): Promise<ElicitResult> {
  const { message } = dialog;
  if (dialog.mode === "url") return { action: await person.open({ message, url: dialog.url }) };
  const [field, ...others] = Object.entries(dialog.requestedSchema.properties);
  if (field === undefined || others.length > 0) return { action: "cancel" };
  const [name, { type, title }] = field;
  const typed = type === "string" ? (title?.split(": ").at(-1) ?? "") : null;
  if (typed === "" || (typed === null && type !== "boolean")) return { action: "cancel" };
  const action = await person.decide({ message, typed });
  return action === "accept" ? { action, content: { [name]: typed ?? true } } : { action };
}
