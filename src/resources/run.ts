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
    const { log: _, failure, ...record } = surface.runs.read(id, { chars: 0 });
    const sealed = failure && {
      code: failure.code,
      text: sealText(textOf(failure), "failure of a run", scrub),
    };
    return recordText({ ...record, failure: sealed }, surface);
  },
  tag: (surface, id) => tagOf(surface.runs.read(id, { chars: 0 })),
};

const textOf = ({ message, object, cause, next }: NonNullable<RunReading["failure"]>) =>
  [message, `what: ${object}`, `why: ${cause}`, `next: ${next}`].join("\n");

/** Without the seconds that a step takes: they pass by themselves. */
const tagOf = ({ state, ended, steps, editedLine }: RunReading) =>
  JSON.stringify([state, ended, steps.map((step) => step.state), editedLine]);
