import { z } from "zod";
import { cleanLine } from "../../kit/text.ts";

const Entry = z.object({
  level: z.string(),
  /** Seconds since 1970, by the server's clock. */
  ts: z.number().default(0),
  msg: z.string(),
  identifier: z.string().optional(),
  error: z.string().optional(),
});

export interface Refusal {
  /** Seconds since 1970, by the server's clock. */
  at: number;
  words: string;
  /** This attempt is over: Caddy waits a minute or more before its next. */
  givenUp: boolean;
}

/**
 * The authority's own words on why there is no certificate for a host, from Caddy's log (one JSON object a line); the
 * newest counts.
 */
export function refusalIn(log: string, host: string): Refusal | undefined {
  const errors = log.split("\n").flatMap((line) => {
    const entry = entryOf(line);
    const about = entry?.identifier === host || entry?.error?.includes(`[${host}]`);
    return about && entry?.level === "error" && entry.error ? [{ ...entry, error: entry.error }] : [];
  });
  const told = errors.findLast(({ error }) => error.includes("urn:ietf:params:acme:error")) ?? errors.at(-1);
  if (told === undefined) return undefined;
  return { at: told.ts, words: cleanLine(told.error, 600), givenUp: errors.some(({ msg }) => msg === "will retry") };
}

function entryOf(line: string): z.infer<typeof Entry> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return Entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
