import { callText } from "./fields.ts";

/** The arguments with which a model gives an answer, in the order of the questions. */
export const answersTo = (questions: readonly string[]): string[] => questions.map(answerTo);

/**
 * A question ends in the way in which the command line takes its answer; everything before that may be the repository's
 * words, so only the end counts.
 */
function answerTo(question: string): string {
  const variable = /\(--env ([A-Za-z_][A-Za-z0-9_]{0,99})=(?:VALUE|NUMBER)\)$/.exec(question)?.[1];
  const secret = /\(berth secrets set ([A-Za-z_][A-Za-z0-9_]{0,99}) --stack ([a-z0-9-]{1,40})\)$/.exec(question);
  if (question.endsWith("(--domain HOST)")) return "propose_plan: wishes.domain";
  if (variable !== undefined) return `propose_plan: wishes.env.${variable}`;
  if (secret) return callText("request_secret", { stack: secret[2], name: secret[1], why: "…" });
  return "the repository has to be changed; then analyze_repo again";
}
