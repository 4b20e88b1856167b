import { BerthError } from "../../kit/error.ts";
import type { Analysis } from "../analysis/schema.ts";
import type { Provided } from "./backing/backing.ts";
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

/** Services and backing services are found by name in one network. Throws `service_name_taken`. */
export function refuseTakenNames({ services }: Analysis, provided: readonly Provided[]): void {
  const taken = services.find(({ name }) => provided.some(({ backing }) => backing.name === name));
  if (taken === undefined) return;
  throw new BerthError({
    code: "service_name_taken",
    message: `A service has the name of the backing service ${taken.name}.`,
    object: taken.path,
    cause: `Both would answer to ${taken.name} in the stack's network, and share an environment file.`,
    next: 'Give it another "name" in its package.json, then run the command again.',
  });
}
