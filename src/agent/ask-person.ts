import type Anthropic from "@anthropic-ai/sdk";
import { z } from "zod";
import { cleanLine } from "../kit/text.ts";
import type { Outcome } from "./tool-use.ts";
import type { Person } from "./types.ts";

const input = z.strictObject({ question: z.string().min(1), options: z.array(z.string().min(1)).optional() });

/** The only tool that is the agent's own: a question to the person. An answer decides nothing that needs an approval. */
export const askPerson: Anthropic.Tool = {
  name: "ask_person",
  description:
    "Asks the person at the terminal one question and gives back what they typed. Use it when something is open that " +
    "only they can know, such as the server or the domain; do not use it to ask for an approval or a secret: Berth asks " +
    "for those itself, and an answer here counts for neither.",
  input_schema: {
    type: "object",
    properties: {
      question: { type: "string", description: "One question, in plain words." },
      options: { type: "array", items: { type: "string" }, description: "Answers to choose from, if there are few." },
    },
    required: ["question"],
    additionalProperties: false,
  },
};

/** Puts the question; a number that is typed stands for the option of that number. */
export async function runAskPerson(raw: unknown, person: Person): Promise<Outcome> {
  const parsed = input.safeParse(raw);
  if (!parsed.success) return { text: z.prettifyError(parsed.error), isError: true };
  const { question, options = [] } = parsed.data;
  // Each line says whose it is: a model's words could be made to look like Berth's own question for an approval.
  const asked = question.split(/\r\n?|\n/).map((line) => `  ${line}`);
  const choices = options.map((option, index) => `  ${index + 1}. ${cleanLine(option, 500)}`);
  const lines = ["The model asks (no answer approves anything):", ...asked, ...choices, "> "];
  const answer = await person.ask(lines.join("\n"));
  if (answer === undefined)
    return { text: "Nobody is there to answer. Say in your last words what you need to know.", isError: true };
  return { text: JSON.stringify({ the_person_typed: options[Number(answer.trim()) - 1] ?? answer }), isError: false };
}
