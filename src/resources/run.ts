import { visible } from "../kit/text.ts";
import type { RunReading } from "../services/surface.ts";
import { sealText } from "../tools/result.ts";
import { recordText } from "./record.ts";
import { listedMost, type Resource } from "./resource.ts";

export const run: Resource = {
  name: "run",
  title: "Run",
  description: "One execution of an approved plan: its state, its steps, and what failed.",
  template: "berth://runs/{id}",
  mimeType: "application/json",
  list: ({ runs }) =>
    runs
      .list()
      .slice(0, listedMost)
      .map(({ id, stack, state, created }) => ({ id, title: `Run of ${stack ?? "no stack"}: ${state}, ${created}` })),
  read(surface, id) {
    const scrub = (text: string) => surface.scrub(text);
    const { log: _, failure, steps, ...record } = surface.runs.read(id, { chars: 0 });
    const sealed = failure && {
      code: failure.code,
      text: sealText(textOf(failure), "failure of a run", scrub),
    };
    // A title may quote the repository: the command that prepares its database.
    const all = sealText(steps.map(stepLine).join("\n"), "steps of the plan", scrub);
    return recordText({ ...record, failure: sealed, steps: all }, surface);
  },
  tag: (surface, id) => tagOf(surface.runs.read(id, { chars: 0 })),
};

const stepLine = ({ title, state, seconds }: RunReading["steps"][number]) =>
  `${state}${seconds === null ? "" : ` ${seconds} s`}: ${visible(title)}`;

const textOf = ({ message, object, cause, next }: NonNullable<RunReading["failure"]>) =>
  [message, `what: ${object}`, `why: ${cause}`, `next: ${next}`].join("\n");

/** Without the seconds that a step takes: they pass by themselves. */
const tagOf = ({ state, ended, steps, editedLine }: RunReading) =>
  JSON.stringify([state, ended, steps.map((step) => step.state), editedLine]);
