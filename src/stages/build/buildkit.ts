import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { wordsOf } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import { buildFailure } from "./build-failure.ts";
import { dockerfileName } from "./context-tar.ts";
import { buildProgress } from "./progress.ts";

export interface BuildRequest {
  /** What messages call it. */
  image: string;
  /** The name that the result gets, `repository:tag`. */
  name: string;
  /** Its Dockerfile's text, to name the line that fails; the context holds the same. */
  dockerfile: string;
  context: Readable;
  args: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  signal: AbortSignal;
  log(text: string): void;
}

/**
 * Builds with the Engine's BuildKit and answers the image's id (the digest of its configuration, or of its manifest where
 * the Engine keeps images in containerd). A connection that ends, or the signal, cancels the build there. Throws
 * `build_failed`, `build_interrupted`, or the signal's reason.
 */
export async function build(engine: Docker, request: BuildRequest): Promise<string> {
  const progress = buildProgress(request.log);
  try {
    const answer = await start(engine, request);
    for await (const line of createInterface({ input: answer, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== "") progress.message(line);
    }
  } catch (error) {
    request.signal.throwIfAborted();
    if (isRefusal(error))
      throw buildFailure(request.image, request.dockerfile, { ...progress.outcome(), error: error.message });
    throw interrupted(request.image, error);
  }
  const outcome = progress.outcome();
  if (outcome.error !== undefined) throw buildFailure(request.image, request.dockerfile, outcome);
  if (outcome.imageId === undefined)
    throw interrupted(request.image, new Error("the answer ended before the image's id"));
  return outcome.imageId;
}

/**
 * dockerode's own buildImage opens a session beside every BuildKit build, for registry logins, and leaves it open when
 * the build is cancelled. Nothing here needs one, so the call is made as it stands in the API.
 */
function start(engine: Docker, { name, context, args, labels, signal }: BuildRequest): Promise<Readable> {
  const options = {
    version: "2",
    dockerfile: dockerfileName,
    t: name,
    buildargs: JSON.stringify(args),
    labels: JSON.stringify(labels),
    abortSignal: signal,
  };
  const call = {
    path: "/build?",
    method: "POST",
    file: context,
    options,
    abortSignal: signal,
    isStream: true,
    statusCodes: { 200: true },
  };
  return new Promise((resolve, reject) => {
    engine.modem.dial(call, (error, answer) => (error ? reject(error) : resolve(answer as Readable)));
  });
}

/** An answer of the Engine that says no, in contrast to a connection that ended. */
const isRefusal = (error: unknown): error is Error => error instanceof Error && "statusCode" in error;

export const interrupted = (image: string, error: unknown): BerthError =>
  new BerthError({
    code: "build_interrupted",
    message: `The build of ${image} was cut off.`,
    object: image,
    cause: error instanceof BerthError ? `${error.message} ${error.cause}` : wordsOf(error),
    next: "Run the command again: what was built stays cached.",
  });
