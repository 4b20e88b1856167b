import { sealText } from "../tools/result.ts";
import type { Resource } from "./resource.ts";
import { run } from "./run.ts";

/** Characters at the end of a log; get_run pages back. */
const tail = 20_000;

export const runLog: Resource = {
  name: "run-log",
  title: "Log of a run",
  description: "The end of what the steps of a run printed. The tool get_run reads on and pages back.",
  template: "berth://runs/{id}/log",
  mimeType: "text/markdown",
  list: (surface) => run.list(surface).map(({ id, title }) => ({ id, title: `Log: ${title}` })),
  read: (surface, id) =>
    sealText(surface.runs.read(id, { chars: tail }).log.text, `log of ${id}`, (text) => surface.scrub(text)),
  tag: (surface, id) => surface.runs.read(id, { chars: 0 }).log.cursor,
};
