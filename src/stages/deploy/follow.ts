import type Docker from "dockerode";

/** Passes a container's output on as it comes, from its first line on, until the container ends or `signal` says so. */
export async function followLogs(
  engine: Docker,
  container: string,
  { log, signal }: { log: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  const options = { stdout: true, stderr: true, follow: true, abortSignal: signal } as const;
  const stream = await engine.getContainer(container).logs(options);
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of stream) {
    rest = Buffer.concat([rest, Buffer.from(piece)]);
    for (let frame = firstFrame(rest); frame !== undefined; frame = firstFrame(rest)) {
      log(frame.toString("utf8"));
      rest = rest.subarray(8 + frame.length);
    }
  }
}

/** Frames have eight bytes (stream, three zeros, big-endian length), then their content; undefined while it is not whole. */
function firstFrame(raw: Buffer): Buffer | undefined {
  const end = raw.length >= 8 ? 8 + raw.readUInt32BE(4) : Number.POSITIVE_INFINITY;
  return raw.length < end ? undefined : raw.subarray(8, end);
}
