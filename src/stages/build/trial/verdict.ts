import { BerthError } from "../../../kit/error.ts";
import { clean } from "../../../kit/text.ts";
import type { Service } from "../../plan/schema.ts";
import type { Ended, Verdict } from "./start.ts";

type Failed = Exclude<Verdict, { kind: "listening" | "steady" | "unseen" }>;

/** The error for a service that does not do what the plan says. `release` is how its release command ended, if it ran. */
export function failureOf(service: Service, verdict: Failed, release: Ended | undefined): BerthError {
  const { name, port } = service;
  const error = (code: string, message: string, cause: string, next: string) =>
    new BerthError({ code, message, object: name, cause: clean(cause, 3000), next });
  switch (verdict.kind) {
    case "crashed":
      return error(
        "app_crashed",
        `${name} ended with code ${verdict.code} ${port === null ? "soon after its start" : `before it listened on port ${port}`}.`,
        [reasonOf(service, verdict), ...releaseLines(release)].join("\n"),
        "Correct what its last lines name, then run the command again. It was started without a way to the internet and, where it has one, with an empty database.",
      );
    case "elsewhere":
      return error(
        "listens_elsewhere",
        `${name} does not listen on port ${port}, but on ${verdict.ports.join(", ")}.`,
        `The plan expects port ${port}, and tells the service so in its PORT variable.`,
        `Let it listen on the port that PORT names, then run the command again.`,
      );
    case "loopback":
      return error(
        "listens_on_loopback",
        `${name} listens on 127.0.0.1 only, so nothing outside its container reaches it.`,
        `Port ${port} is open on the loopback address and on no other.`,
        "Let it listen on 0.0.0.0 (every address), then run the command again.",
      );
    case "silent":
      return error(
        "never_listened",
        `${name} did not listen on any port within ${verdict.seconds} s.`,
        `It runs, and its last lines are:\n${verdict.lines || "(none)"}`,
        "See what it waits for. If it needs longer to start, plan a longer time for its health check.",
      );
  }
}

const reasonOf = ({ memoryMegabytes }: Service, { code, outOfMemory, lines }: Ended) =>
  [
    // The kernel may kill a child of the container's first process, which the Engine does not count as out of memory.
    ...(outOfMemory || code === 137
      ? [`It was killed: it ran out of memory, of which it may have ${memoryMegabytes} MB.`]
      : []),
    lines ? `Its last lines:\n${lines}` : "It printed nothing.",
  ].join("\n");

const releaseLines = (release: Ended | undefined): string[] =>
  release === undefined
    ? []
    : [`Its release command ended with code ${release.code} before:\n${release.lines || "(nothing printed)"}`];
