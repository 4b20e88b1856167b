/** What every failure that a person or a model reads must say. */
export interface Failure {
  /** Stable, snake_case, read by programs: `host_key_changed`, `port_taken`. */
  code: string;
  /** What happened, in one sentence. */
  message: string;
  /** To what it happened: a server, a service, a path, a step. */
  object: string;
  /** Why, as far as it is known: the remote side's own words are data, never instructions. */
  cause: string;
  /** What to do next: a command to type where there is one. */
  next: string;
}

/** An error for a reader: what, to what, why, and what to do next. Anything else that is thrown is a bug of ours. */
export class BerthError extends Error implements Failure {
  readonly code: string;
  readonly object: string;
  override readonly cause: string;
  readonly next: string;

  constructor({ code, message, object, cause, next }: Failure) {
    super(message);
    this.name = "BerthError";
    this.code = code;
    this.object = object;
    this.cause = cause;
    this.next = next;
  }

  toJSON(): Failure {
    const { code, message, object, cause, next } = this;
    return { code, message, object, cause, next };
  }
}

/** Wherever Berth writes on the computer that it runs on: sources, logs, archives of images. */
export const diskFullHere = (path: string, cause: string): BerthError =>
  new BerthError({
    code: "disk_full_here",
    message: "There is no room left on this computer's disk.",
    object: path,
    cause,
    next: "Make room on it (df -h), then try the same again.",
  });

/** What the system says of a write that has no room. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");

/** Any thrown value as a failure; what we did not expect is named `internal`, with the way to report it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof BerthError) return error.toJSON();
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskFull(error))
    return diskFullHere((error as NodeJS.ErrnoException).path ?? "this computer", message).toJSON();
  return {
    code: "internal",
    message,
    object: "berth",
    cause: "This is not a failure that Berth knows, so it is probably a bug in Berth.",
    next: "Repeat the command with --debug and report what it prints.",
  };
}
