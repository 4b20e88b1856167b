import { readFileSync } from "node:fs";

/**
 * What is damaged in a write-ahead log (sqlite.org/walformat.html); undefined where nothing is. SQLite itself takes the
 * first frame that does not fit for the end of the log, as it may be after a crash, and forgets all behind it.
 */
export function damageInWal(file: string): string | undefined {
  const first = read(file);
  const damage = first && damageIn(first);
  if (damage === undefined) return undefined;
  // Somebody may have been writing it: then it looks otherwise now, and they know what they do.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  return read(file)?.equals(first as Buffer) ? damage : undefined;
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

type Sum = readonly [number, number];

function damageIn(wal: Buffer): string | undefined {
  // As long as SQLite has it before it writes the first transaction.
  if (wal.length < 32 || wal.subarray(0, 32).every((byte) => byte === 0)) return undefined;
  const magic = wal.readUInt32BE(0);
  if ((magic & 0xfffffffe) >>> 0 !== 0x377f0682) return "The header of its write-ahead log is none.";
  const isBig = (magic & 1) === 1;
  const header = summed([0, 0], wal.subarray(0, 24), isBig);
  if (!isSum(header, wal, 24)) return "The header of its write-ahead log does not fit its checksum.";
  const size = 24 + wal.readUInt32BE(8);
  let sum = header;
  let broken: number | undefined;
  let commits = 0;
  for (let at = 32, frame = 1; at + size <= wal.length; at += size, frame++) {
    // Else it was left by an earlier round of the log.
    const isOfThisRound = wal.subarray(at + 8, at + 16).equals(wal.subarray(16, 24));
    if (broken === undefined) {
      sum = summed(summed(sum, wal.subarray(at, at + 8), isBig), wal.subarray(at + 24, at + size), isBig);
      if (!isOfThisRound || !isSum(sum, wal, at + 16)) broken = frame;
    }
    if (broken !== undefined && isOfThisRound && wal.readUInt32BE(at + 4) !== 0) commits++;
  }
  // A crash may leave pieces of the last transaction, which nobody was told of; one that follows a whole one was kept.
  return commits > 1 ? `Its write-ahead log is damaged at frame ${broken}, and transactions follow.` : undefined;
}

const isSum = ([one, two]: Sum, wal: Buffer, at: number) =>
  wal.readUInt32BE(at) === one && wal.readUInt32BE(at + 4) === two;

function summed([first, second]: Sum, bytes: Buffer, isBig: boolean): Sum {
  let [one, two] = [first, second];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    one = (one + (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + two) >>> 0;
    two = (two + (isBig ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + one) >>> 0;
  }
  return [one, two];
}
