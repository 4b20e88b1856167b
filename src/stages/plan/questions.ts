import { BerthError } from "../../kit/error.ts";
import type { PlanInput } from "./make.ts";
import type { PlannedService } from "./service.ts";

/** Throws `questions_open` with all that only a person can answer, and how. */
export function refuseOpenQuestions(
  { analysis }: PlanInput,
  stack: string,
  domain: string | undefined,
  parts: readonly PlannedService[],
): void {
  const open = [
    ...(domain === undefined ? ["domain: which host name leads to the server? (--domain HOST)"] : []),
    ...analysis.questions.filter(({ required }) => required).map(({ about, question }) => `${about}: ${question}`),
    ...parts.flatMap(({ environment }) =>
      environment.missing.map(({ name, secret, at }) =>
        secret
          ? `${name} (${at}): a secret that only you know (berth secrets set ${name} --stack ${stack})`
          : `${name} (${at}): a value that only you know (--env ${name}=VALUE)`,
      ),
    ),
  ];
  if (open.length === 0) return;
  throw new BerthError({
    code: "questions_open",
    message: open.length === 1 ? "A question is open." : `${open.length} questions are open.`,
    object: analysis.name,
    cause: open.join("\n"),
    next: "Answer each as it says, then run the command again.",
  });
}
