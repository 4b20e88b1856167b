import { BerthError } from "../../kit/error.ts";
import { clean, cleanLine } from "../../kit/text.ts";
import { lineOfStep } from "./dockerfile.ts";
import type { BuildOutcome } from "./progress.ts";

interface Known {
  shows: RegExp;
  why: string;
  next: string;
}

/** What the Engine's words and a step's last lines are known to mean; first match wins. */
const known: readonly Known[] = [
  {
    shows: /exit code: 137|exit status 137|cannot allocate memory|heap out of memory|\bENOMEM\b|signal: killed/i,
    why: "It ran out of memory and was killed.",
    next: "Give the builder more memory (or swap), or build on another machine, then run the command again.",
  },
  {
    shows: /no space left on device|\bENOSPC\b/i,
    why: "The builder's disk is full.",
    next: "Look with `docker system df`, free space with `docker builder prune`, then run the command again.",
  },
  {
    shows: /toomanyrequests|429 Too Many Requests/i,
    why: "The registry of the base image limits how often it can be asked.",
    next: "Wait, or log in on the builder with `docker login`, then run the command again.",
  },
  {
    shows:
      /SELF_SIGNED_CERT|unable to get local issuer|certificate verify failed|certificate signed by unknown authority|UnknownIssuer/i,
    why: "TLS is signed by an authority that the build does not trust, as behind a company's proxy.",
    next: "Name its certificates as the CA bundle for builds, plan again, then run the command again.",
  },
];

/** A package manager's word on newer versions of itself comes last, after what went wrong. */
const advertises = /^\s*npm notice\b/;

/** The error of a build that failed: `build_failed`, with the Dockerfile's line and the last lines that it printed. */
export function buildFailure(image: string, dockerfile: string, { error, failed }: BuildOutcome): BerthError {
  const said = cleanLine(error ?? "the Engine ended the build without a word", 600);
  const lines = (failed?.lines ?? []).filter((line) => line.trim() !== "" && !advertises.test(line));
  const evidence = [failed?.step, said, ...lines].join("\n");
  const cause = known.find(({ shows }) => shows.test(evidence));
  const at = failed && lineOfStep(dockerfile, failed.step);
  const place = at ? `Dockerfile line ${at.line}, ${cleanLine(at.text)}` : cleanLine(failed?.step ?? "its Dockerfile");
  const why = [cause?.why, said].filter(Boolean).join(" ");
  return new BerthError({
    code: "build_failed",
    message: `The image ${image} could not be built: it failed at ${place}.`,
    object: image,
    cause: clean([why, ...(lines.length > 0 ? ["Its last lines:", ...lines.slice(-15)] : [])].join("\n"), 3000),
    next: cause?.next ?? "Correct what its last lines name, then run the command again: what was built stays cached.",
  });
}
