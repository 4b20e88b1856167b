import type Docker from "dockerode";
import { findContainer, remove, type Seen, startIfStopped, stop } from "./containers.ts";
import { beforeName } from "./names.ts";

/**
 * Ends a backing container that will be made anew and keeps it under another name until the release has succeeded: a release
 * that fails goes back to it, on the same volume. What was never more than begun goes at once.
 */
export async function keepBefore(engine: Docker, found: Seen): Promise<void> {
  await stop(engine, found.id);
  const isBegun = (await findContainer(engine, beforeName(found.name))) !== undefined;
  if (isBegun) await remove(engine, found.id, { scratch: false });
  else await engine.getContainer(found.id).rename({ name: beforeName(found.name) });
}

/** Where a release has made it anew, what was there before is what runs again. */
export async function putBackBacking(engine: Docker, name: string): Promise<void> {
  const before = await findContainer(engine, beforeName(name));
  if (!before) return;
  const made = await findContainer(engine, name);
  if (made) {
    await stop(engine, made.id);
    await remove(engine, made.id, { scratch: false });
  }
  await engine.getContainer(before.id).rename({ name });
  await startIfStopped(engine, name);
}
