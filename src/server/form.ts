import { z } from "zod";
import type { Answer, Question } from "../services/surface.ts";

/** A question as the form that a client shows: flat, since no client can show more. */
export function formOf({ message, typed }: Question) {
  return {
    mode: "form" as const,
    message,
    requestedSchema:
      typed === null
        ? {
            type: "object" as const,
            properties: {
              approve: {
                type: "boolean" as const,
                title: "Approve",
                description: "Yes: do exactly this. No: do nothing, and ask no more.",
              },
            },
            required: ["approve"],
          }
        : {
            type: "object" as const,
            properties: {
              stack: {
                type: "string" as const,
                title: `Type the stack's name: ${typed}`,
                description: "Anything else does nothing.",
              },
            },
            required: ["stack"],
          },
  };
}

const Response = z.object({
  action: z.enum(["accept", "decline", "cancel"]),
  content: z.record(z.string(), z.unknown()).optional(),
});

/** What a person answered. Only a plain yes is one: whatever cannot be read as an answer is none. */
export function answerOf({ typed }: Question, response: unknown): Answer {
  const { action, content } = Response.safeParse(response).data ?? { action: "cancel" as const };
  if (action === "decline") return "no";
  if (action === "cancel") return "unanswered";
  if (typed !== null) return content?.["stack"] === typed ? "yes" : "unanswered";
  if (content?.["approve"] === true) return "yes";
  return content?.["approve"] === false ? "no" : "unanswered";
}

/** The same for a page that a person was asked to open. */
export function openedOf(response: unknown): Answer {
  const action = Response.safeParse(response).data?.action;
  return action === "accept" ? "yes" : action === "decline" ? "no" : "unanswered";
}
