import { BerthError } from "../../kit/error.ts";
import { visible } from "../../kit/text.ts";
import type { Analysis, Service } from "../analysis/schema.ts";
import type { PlanInput } from "./make.ts";
import { mostPairs } from "./network.ts";
import { wishedPort } from "./ports.ts";
import type { Routing } from "./routes.ts";
import type { PlannedService } from "./service.ts";
import type { PlannedStore } from "./stores.ts";

/** What of a plan only a person can settle. */
interface Unsettled {
  stack: string;
  wishes: PlanInput["wishes"];
  routing: Routing;
  parts: readonly PlannedService[];
}

/** Throws `questions_open` with all that only a person can answer, and how. */
export function refuseOpenQuestions({ analysis }: PlanInput, { stack, wishes, routing, parts }: Unsettled): void {
  const missing = parts.flatMap(({ environment }) => environment.missing);
  const open = [
    ...(routing.routes.some(({ host }) => host === undefined)
      ? ["domain: which host name leads to the server? (--domain HOST)"]
      : []),
    ...stillOpen(analysis, wishes, routing).map(
      ({ about, question }) => `${about}: ${question} (${answerTo(about, analysis)})`,
    ),
    ...missing
      .filter(({ name }, n) => missing.findIndex((one) => one.name === name) === n)
      .map(({ name, secret, at }) =>
        secret
          ? `${name} (${at}): a secret that only you know (berth secrets set ${name} --stack ${stack})`
          : `${name} (${at}): a value that only you know (--env ${name}=VALUE)`,
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

const stillOpen = ({ questions, services }: Analysis, wishes: PlanInput["wishes"], { main }: Routing) =>
  questions
    .filter(({ required }) => required)
    .filter(
      ({ about }) =>
        !services.some((one) => isPort(about, one) && wishedPort(one, wishes, one.name === main) !== undefined),
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
    cause: `Berth looks for Node and Python programs, front ends, plain pages, Dockerfiles and compose files; the source holds ${languages.map((one) => one.name).join(", ") || "no code"}.`,
    next: "Name the folder that holds the program (in a git address: #BRANCH:FOLDER), or add a Dockerfile.",
  });
}

/** Throws `too_many_services`: each container has two fixed addresses in the stack's network, below those that the Engine hands out. */
export function refuseTooMany({ name }: Analysis, wanted: readonly { replicas: number }[]): void {
  const pairs = wanted.reduce((sum, { replicas }) => sum + replicas, 0);
  if (pairs <= mostPairs) return;
  throw new BerthError({
    code: "too_many_services",
    message: `The source has ${wanted.length} services with ${pairs} replicas, and a stack may have ${mostPairs}.`,
    object: name,
    cause: "Every package that is started counts as a service, and each of its replicas needs addresses of its own.",
    next: "Wish fewer replicas, or deploy parts as stacks of their own: their folders as sources, each with --stack NAME.",
  });
}

/** Services and backing services are found by name in one network. Throws `service_name_taken`. */
export function refuseTakenNames({ services }: Analysis, stores: readonly PlannedStore[]): void {
  const backing = stores.map((store) => store.backing.name);
  const taken = services.find(({ name }) => backing.includes(name));
  const twice = backing.find((name, n) => backing.indexOf(name) !== n);
  if (taken === undefined && twice === undefined) return;
  const name = taken?.name ?? twice;
  throw new BerthError({
    code: "service_name_taken",
    message: `${taken ? "A service" : "Another database"} has the name of the backing service ${name}.`,
    object: taken?.path ?? `${name}`,
    cause: `Both would answer to ${name} in the stack's network, and share an environment file.`,
    next: 'Give it another "name" where the source names it (its package.json, its compose file), then run the command again.',
  });
}
