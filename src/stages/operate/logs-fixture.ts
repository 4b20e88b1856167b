/** A line as the Engine frames it, in one frame or, of a long one, several. */
export function frame(stream: "stdout" | "stderr", time: string, ...pieces: string[]): Buffer {
  const frames = pieces.map((piece, n) => {
    const content = Buffer.from(`${time} ${piece}${n === pieces.length - 1 ? "\n" : ""}`);
    const header = Buffer.from([stream === "stdout" ? 1 : 2, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(content.length, 4);
    return Buffer.concat([header, content]);
  });
  return Buffer.concat(frames);
}

/** The n-th moment of a day, by nanoseconds. */
export const at = (n: number): string => `2026-01-01T00:00:00.${String(n).padStart(9, "0")}Z`;
