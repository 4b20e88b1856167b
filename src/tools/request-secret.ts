import { z } from "zod";
import type { SecretOutcome, SecretWanted } from "../services/surface.ts";
import { callText, stackField } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const requestSecret = defineTool({
  name: "request_secret",
  title: "Ask for a secret",
  description:
    "Asks the person for the value of a secret environment variable, on a page of their own computer or by a command for their terminal. " +
    "You never see the value, only a fingerprint: do not ask for it in the conversation. Call it for what propose_plan names as a secret, then propose_plan again, since a plan rests on the value's fingerprint.",
  effect: "change",
  openWorld: false,
  input: z.strictObject({
    stack: stackField.describe("name of the stack, as propose_plan says it"),
    name: z
      .string()
      .max(100)
      .refine((text) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text), "letters, digits and underscores")
      .describe("name of the variable"),
    why: z.string().min(1).max(500).describe("for the person: what it is for and where they get it"),
  }),
  output: z.object({
    status: z.string().describe("set, asked, declined or by_hand"),
    fingerprint: z.string().optional().describe("of the value that is set"),
    command: z.string().optional().describe("for the person's own terminal"),
    next: z.string(),
  }),
  run: async (wanted, { surface, asker }) => answerOf(wanted, await surface.secrets.request(wanted, asker)),
});

function answerOf(wanted: SecretWanted, outcome: SecretOutcome) {
  switch (outcome.status) {
    case "set":
      return {
        status: "set",
        fingerprint: outcome.fingerprint,
        next: `${outcome.scrubbable ? "" : "Tell the person that the value is too short to be masked in logs. "}propose_plan again: the plan then has it.`,
      };
    case "asked":
      return {
        status: "asked",
        ...(outcome.fingerprint !== null && { fingerprint: outcome.fingerprint }),
        next: `The person has the page. When they have filled it in, ${callText("request_secret", { ...wanted })} says whether it arrived.`,
      };
    case "declined":
      return { status: "declined", next: "The person did not give it. Ask them how to go on without it." };
    case "by_hand":
      return {
        status: "by_hand",
        command: outcome.command,
        ...(outcome.fingerprint !== null && { fingerprint: outcome.fingerprint }),
        next: "Show the person the command for a terminal of their own. When they have run it, propose_plan again.",
      };
  }
}
