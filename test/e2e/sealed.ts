/** Every text in messages; one that is JSON is read once more, since a result says its facts twice. */
export function textsOf(part: unknown): string[] {
  if (typeof part === "string") return [part, ...textsOf(recordIn(part))];
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) => [name, ...textsOf(value)]);
}

function recordIn(text: string): unknown {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const sealedPart = /<untrusted-([0-9a-f]{16}) from="[^"<>]*">\n[\s\S]*?\n<\/untrusted-\1>/g;

/** What results show of words that somebody else wrote, outside of their wrapper: as texts, without those of dialogs. */
export const unsealedTexts = (messages: readonly unknown[]): string[] =>
  messages
    .filter((message) => isAnswer(message))
    .flatMap(textsOf)
    // The JSON of a record is there once more, read.
    .filter((text) => recordIn(text) === undefined)
    .map((text) => text.replace(sealedPart, ""));

/** Dialogs are for the person, to whom every value is shown as it is. */
const isAnswer = (message: unknown): boolean => {
  const { result } = message as { result?: { resultType?: string } };
  return result !== undefined && result.resultType !== "input_required";
};
