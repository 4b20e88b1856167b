import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { ifThere, statusOf } from "./answers.ts";
import { demultiplex } from "./logs.ts";

/**
 * Runs a short, harmless command inside a container and waits for it: exit code (null where the container does not run,
 * or went away meanwhile) and output. Attached, so that a takeover of the lock sees it; what changes anything must bear being
 * done twice.
 */
export async function ask(
  engine: Docker,
  container: string,
  command: readonly string[],
): Promise<{ code: number | null; output: string }> {
  try {
    const exec = await engine
      .getContainer(container)
      .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
    // Not hijacked: Engine 26.1 keeps the socket of a hijacked exec for good when its container is removed.
    const output = await buffer(await exec.start({ hijack: false, stdin: false }));
    const ended = await ifThere(exec.inspect());
    return { code: ended?.ExitCode ?? null, output: demultiplex(output) };
  } catch (error) {
    if (statusOf(error) === 409 || statusOf(error) === 404) return { code: null, output: "" };
    throw error;
  }
}
