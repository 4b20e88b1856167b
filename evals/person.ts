import type { Person } from "../src/agent/types.ts";

type Decision = "accept" | "decline" | "cancel";

/** What a person does, by rules: a real model may ask in words that nobody foresaw. */
export interface Behaviour {
  /** To a question that matches. */
  answers?: readonly [about: RegExp, answer: string][];
  /** What they say when it is their turn, one after the other; then they leave. */
  says?: readonly string[];
  /** What they do with what is to be approved. Default: they leave it unanswered. */
  decides?(message: string): Decision;
}

/** What came to the person. */
export interface Heard {
  /** Dialogs, and what was done with each. */
  dialogs: { message: string; typed: string | null; decision: Decision }[];
  questions: string[];
  /** All that was shown: the model's words, notes, plans. */
  screen: string;
  pages: string[];
}

/** What the person says to a question that they have no rule for. */
const shrug = "I do not know. Take what you think is best.";

/** A person who goes by rules, and what came to them. `turn` is the agent's prompt for the next thing that they want. */
export function scriptedPerson({ answers = [], says = [], decides = () => "cancel" }: Behaviour, turn: RegExp) {
  const heard: Heard = { dialogs: [], questions: [], screen: "", pages: [] };
  const left = [...says];
  const person: Person = {
    say: (text) => {
      heard.screen += text;
    },
    note: (line) => {
      heard.screen += `\n${line}\n`;
    },
    ask: async (question) => {
      if (turn.test(question)) return left.shift();
      heard.questions.push(question);
      return answers.find(([about]) => about.test(question))?.[1] ?? shrug;
    },
    decide: async ({ message, typed }) => {
      const decision = decides(message);
      heard.dialogs.push({ message, typed, decision });
      return decision;
    },
    open: async ({ message, url }) => {
      heard.pages.push(`${message} ${url}`);
      return "decline";
    },
  };
  return { person, heard };
}
