import { BerthError } from "../../kit/error.ts";
import { visible } from "../../kit/text.ts";
import type { Analysis, Service } from "../analysis/schema.ts";
import type { Provided } from "./backing/backing.ts";
import type { PlanInput } from "./make.ts";
import { mostServices } from "./network.ts";
import { type PlannedService, wishedPort } from "./service.ts";

/** Throws `questions_open` with all that only a person can answer, and how. */
export function refuseOpenQuestions(
  input: PlanInput,
  stack: string,
  domain: string | undefined,
  parts: readonly PlannedService[],
): void {
  const { analysis } = input;
  const open = [
    ...(domain === undefined ? ["domain: which host name leads to the server? (--domain HOST)"] : []),
    ...stillOpen(input).map(({ about, question }) => `${about}: ${question} (${answerTo(about, analysis)})`),
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
    // A file's name stands in some: none may add a line that looks like a question of ours, with a command to type.
    cause: open.map(visible).join("\n"),
    next: "Answer each as it says, then run the command again.",
  });
}

const stillOpen = ({ analysis, wishes }: PlanInput) =>
  analysis.questions
    .filter(({ required }) => required)
    .filter(
      ({ about }) => !analysis.services.some((one) => isPort(about, one) && wishedPort(one, wishes) !== undefined),
    );

const isPort = (about: string, { name }: Service) => about === `services.${name}.port`;

/** What a person does to answer a question of the analysis. */
function answerTo(about: string, { services }: Analysis): string {
  const asked = services.find((one) => isPort(about, one));
  if (asked) return `--env ${asked.port_env ?? "PORT"}=NUMBER`;
  if (about === "datastores") return "take the drivers that it does not use out of its dependencies";
  return "its source has to say so";
}

/** Throws `nothing_to_deploy` where no service was found. */
export function refuseNothing({ name, services, languages }: Analysis): void {
  if (services.length > 0) return;
  throw new BerthError({
    code: "nothing_to_deploy",
    message: "No program that Berth can deploy was found in the source.",
    object: name,
    cause: `Berth looks for a package.json with a "start" script or a web framework, so far; the source holds ${languages.map((one) => one.name).join(", ") || "no code"}.`,
    next: "Name the folder that holds the package.json (in a git address: #BRANCH:FOLDER), or give it a start script.",
  });
}

/** Throws `too_many_services`: each has two fixed addresses in the stack's network, below those that the Engine hands out. */
export function refuseTooMany({ name, services }: Analysis): void {
  if (services.length <= mostServices) return;
  throw new BerthError({
    code: "too_many_services",
    message: `The source has ${services.length} services, and a stack may have ${mostServices}.`,
    object: name,
    cause: "Every package that is started counts as a service.",
    next: "Deploy its parts as stacks of their own: name their folders as sources, each with --stack NAME.",
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
