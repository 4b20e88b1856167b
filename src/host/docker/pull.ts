import type Docker from "dockerode";
import { ifThere } from "./answers.ts";
import { untilDone } from "./messages.ts";
import { pullFailure } from "./pull-failure.ts";

/** `postgres:17@sha256:…` as the Engine stores what it pulled by digest: without the tag. */
export const byDigest = (reference: string): string => reference.replace(/:[^:@/]+@/, "@");

/** The registry that an image comes from, as a login names it. */
export function registryOf(reference: string): string {
  const [first = "", ...rest] = reference.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return isHost ? first : "docker.io";
}

/** As the Engine hands it on to a registry. */
export type RegistryLogin = { username: string; password: string } | { identitytoken: string };

/** Sees to it that an Engine has a registry's image, by its digest: what comes is what was planned, or nothing. */
export async function pull(
  engine: Docker,
  reference: string,
  { signal, log, login }: { signal: AbortSignal; log: (text: string) => void; login?: RegistryLogin | undefined },
): Promise<void> {
  const name = byDigest(reference);
  if (await ifThere(engine.getImage(name).inspect())) return;
  log(`pulling ${reference}\n`);
  const [fromImage, digest] = name.split("@");
  try {
    const options = { fromImage, tag: digest, abortSignal: signal };
    // The login goes in a header of this one call; the Engine keeps none.
    const auth = login && { ...login, serveraddress: registryOf(reference) };
    await untilDone(await (auth ? engine.createImage(auth, options) : engine.createImage(options)), log);
  } catch (error) {
    signal.throwIfAborted();
    throw pullFailure(reference, registryOf(reference), login !== undefined, error);
  }
}
