import { BerthError } from "../kit/error.ts";

/** Whether a program's last words, or the Engine's, say that a disk has no room: PostgreSQL hints at it where a write ends early. */
export const saysDiskFull = (words: string): boolean =>
  /no space left on device|disk quota exceeded|\bENOSPC\b|HINT: +Check free disk space/i.test(words);

interface Kept {
  /** What could not be done. */
  message: string;
  object: string;
  /** Who said so, and with which words. */
  cause: string;
}

/** The server's disk is full. What was done stays; the same command goes on from there. */
export const diskFullThere = ({ message, object, cause }: Kept): BerthError =>
  new BerthError({
    code: "disk_full",
    message,
    object,
    cause: `The server's disk is full. ${cause}`,
    next: "Make room on the server (df -h; docker system df), then type the same command again.",
  });
