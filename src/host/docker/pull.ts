import type Docker from "dockerode";
import { BerthError } from "../../kit/error.ts";
import { diskFullThere, saysDiskFull } from "../disk-full.ts";
import { ifThere, isCut, wordsOf } from "./answers.ts";
import { untilDone } from "./messages.ts";

/** `postgres:17@sha256:…` as the Engine stores what it pulled by digest: without the tag. */
export const byDigest = (reference: string): string => reference.replace(/:[^:@/]+@/, "@");

/** Sees to it that an Engine has a registry's image, by its digest: what comes is what was planned, or nothing. */
export async function pull(
  engine: Docker,
  reference: string,
  { signal, log }: { signal: AbortSignal; log: (text: string) => void },
): Promise<void> {
  const name = byDigest(reference);
  if (await ifThere(engine.getImage(name).inspect())) return;
  log(`pulling ${reference}\n`);
  const [fromImage, digest] = name.split("@");
  try {
    await untilDone(await engine.createImage({ fromImage, tag: digest, abortSignal: signal }), log);
  } catch (error) {
    signal.throwIfAborted();
    const cause = isCut(error)
      ? `Its answer broke off (${wordsOf(error)}): the Engine has ended, or the line to it.`
      : `The Docker Engine says: ${wordsOf(error)}`;
    if (saysDiskFull(cause))
      throw diskFullThere({ message: "An image has no room on the server.", object: reference, cause });
    throw new BerthError({
      code: "image_unavailable",
      message: "The Engine cannot get an image.",
      object: reference,
      cause,
      next: `See whether it reaches the registry (docker pull ${reference}), then: berth resume`,
    });
  }
}
