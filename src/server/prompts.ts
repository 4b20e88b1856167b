import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { cleanLine } from "../kit/text.ts";
import type { Around } from "./call.ts";
import { answered } from "./failure.ts";
import { type Prompt, readPrompts } from "./prompt-files.ts";
import type { Serving } from "./serving.ts";

let read: Promise<Prompt[]> | undefined;

/** Read once a process, when a client first asks for them. */
export const prompts = (): Promise<Prompt[]> => (read ??= readPrompts());

/** The files of `prompts/`, with what the person gave put in. */
export function servePrompts(serving: Serving, { server }: Around): void {
  server.setRequestHandler("prompts/list", () =>
    answered(serving, async () => ({
      prompts: (await prompts()).map(({ name, title, description, arguments: wanted }) => ({
        name,
        title,
        description,
        arguments: wanted.map(({ of: _, ...argument }) => argument),
      })),
    })),
  );

  server.setRequestHandler("prompts/get", ({ params: { name, arguments: given = {} } }) =>
    answered(serving, async () => {
      const prompt = (await prompts()).find((one) => one.name === name);
      if (!prompt) throw invalid(`There is no prompt ${cleanLine(name, 80)}.`);
      const text = filled(prompt, given);
      return {
        description: prompt.description,
        messages: [{ role: "user" as const, content: { type: "text" as const, text } }],
      };
    }),
  );
}

/** A value stands in the text as a quoted string: it is what the person named, not more of the prompt. */
function filled({ arguments: wanted, body }: Prompt, given: Readonly<Record<string, string>>): string {
  const names = wanted.map(({ name }) => name);
  const strange = Object.keys(given).find((name) => !names.includes(name));
  if (strange !== undefined)
    throw invalid(`There is no argument ${cleanLine(strange, 80)}; there are: ${names.join(", ")}.`);
  for (const { name, required } of wanted)
    if (required && !given[name]) throw invalid(`The argument ${name} is missing.`);
  return body.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = given[name];
    return value ? JSON.stringify(cleanLine(value, 500)) : "(not named)";
  });
}

const invalid = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);
