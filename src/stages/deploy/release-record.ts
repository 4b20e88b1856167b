import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host, Lock } from "../../host/host.ts";
import { paths } from "../../kit/layout.ts";

/**
 * What is known of a release command, on the server: without it a container that is gone could have run or not. It is
 * written when the container was created, so before it is ever started, and again when it has ended.
 */
const ReleaseRecord = z.discriminatedUnion("state", [
  z.object({ state: z.literal("created"), container: z.string() }),
  z.object({
    state: z.literal("ended"),
    container: z.string(),
    exitCode: z.int(),
    outOfMemory: z.boolean(),
    /** Its last lines. */
    lines: z.string(),
  }),
]);
export type ReleaseRecord = z.infer<typeof ReleaseRecord>;
export type Ended = Extract<ReleaseRecord, { state: "ended" }>;

export interface ReleaseKey {
  stack: string;
  release: string;
  part: string;
}

export const recordFile = ({ stack, release, part }: ReleaseKey): string =>
  `${paths.release(stack, release)}/release-command-${part}.json`;

export async function readRecord(host: Host, key: ReleaseKey): Promise<ReleaseRecord | undefined> {
  const text = await readFile(host, recordFile(key));
  return text === undefined ? undefined : ReleaseRecord.parse(JSON.parse(text));
}

export const writeRecord = (lock: Lock, key: ReleaseKey, record: ReleaseRecord): Promise<void> =>
  writeFile(lock, recordFile(key), `${JSON.stringify(record, null, 1)}\n`, { mode: "0600" });
