import type { Link } from "./findings.ts";
import type { Evidence, Question, Service, Writable } from "./schema.ts";

const ask = (about: string, rest: Omit<Question, "id" | "about">): Question => ({
  id: about.replaceAll(".", "_"),
  about,
  ...rest,
});

export const aboutStart = ({ name, start, dockerfile }: Service): Question[] =>
  start !== null || dockerfile !== null
    ? []
    : [
        ask(`services.${name}.start`, {
          question: `Which command starts ${name}?`,
          options: [],
          why: "No script and no main file says so.",
          required: true,
        }),
      ];

/** A program that listens where its variable says gets any port. */
export const aboutPort = ({ name, port, port_env, kind, confidence }: Service): Question[] =>
  kind === "worker" || port_env !== null || confidence["port"] === "stated" || confidence["port"] === "inferred"
    ? []
    : [
        ask(`services.${name}.port`, {
          question: `On which port does ${name} listen?`,
          options: port === null ? [] : [String(port)],
          why:
            port === null
              ? "The code does not show it."
              : `The code does not show it; ${port} is usual for its framework.`,
          required: port === null,
        }),
      ];

export const aboutRelease = ({ name, release }: Service, others: string[]): Question[] =>
  others.length === 0 || release === null
    ? []
    : [
        ask(`services.${name}.release`, {
          question: `Which command prepares the database for a new version of ${name}?`,
          options: [release, ...others],
          why: "Several scripts are named after migrations; the first is taken.",
          required: false,
        }),
      ];

export const aboutWritable = ({ name, writable }: Service): Question[] =>
  writable
    .filter(({ confidence, from_env }) => confidence === "inferred" && from_env === null)
    .map(({ path, why }) =>
      ask(`services.${name}.writable.${path}`, {
        question: `Must what ${name} writes to ${path} outlive a release?`,
        options: ["yes", "no"],
        why: `${why}; until somebody says otherwise, it is kept.`,
        required: false,
      }),
    );

export const aboutOwnFiles = ({ name }: Service, { path, why, evidence: [at] }: Writable): Question =>
  ask(`services.${name}.writable.${path}`, {
    question: `Must what ${name} writes to ${path} outlive a release?`,
    options: ["yes", "no"],
    why: `${why} (${at?.file}:${at?.line}), and the source has files of its own there, which would stay as they are for ever; so it is not kept`,
    required: false,
  });

export const aboutDatabase = (kinds: string[]): Question =>
  ask("datastores", {
    question: "Which database is to be used?",
    options: kinds,
    why: "The program has drivers for several.",
    required: true,
  });

export const aboutNothing = (name: string): Question =>
  ask("services", {
    question: `How is ${name} built and started?`,
    options: [],
    why: "Nothing in it is known to be a program that can be started.",
    required: true,
  });

/** What a Procfile names in a folder without a program that is known. */
export const aboutProcess = ({
  name,
  command,
  evidence,
}: {
  name: string;
  command: string;
  evidence: Evidence;
}): Question => ({
  id: `processes_${evidence.file.replaceAll(/[^A-Za-z0-9]+/g, "_")}_${evidence.line}_${name}`,
  about: `processes.${name}`,
  question: name === "release" ? "Must this run before each release?" : `Must ${name} run beside the program?`,
  options: [],
  why: `${evidence.file}:${evidence.line} names it: ${command.slice(0, 200)}. Berth does not know what it belongs to`,
  required: false,
});

/** A server for development that takes away the path by which it knows where to ask. */
export const aboutStripped = ({ name }: Service, stripped: readonly Link[]): Question[] =>
  stripped.flatMap(({ paths: [path], evidence }) =>
    path === undefined
      ? []
      : [
          ask(`services.${name}.paths.${path}`, {
            question: `Must what is behind ${path} get requests without ${path}?`,
            options: ["yes", "no"],
            why: `${evidence.file}:${evidence.line} rewrites paths while developing; until somebody wishes a route that strips it, it gets them whole.`,
            required: false,
          }),
        ],
  );
