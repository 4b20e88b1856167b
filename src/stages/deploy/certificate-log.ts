import { z } from "zod";
import { cleanLine } from "../../kit/text.ts";

const Entry = z.object({
  level: z.string(),
  msg: z.string(),
  identifier: z.string().optional(),
  error: z.string().optional(),
});

/**
 * The authority's own words on why there is no certificate for a host, from Caddy's log (one JSON object a line); the
 * newest counts. `given up`: this attempt is over, Caddy waits a minute or more before its next.
 */
export function refusalIn(log: string, host: string): { words: string; givenUp: boolean } | undefined {
  const errors = log.split("\n").flatMap((line) => {
    const entry = entryOf(line);
    const about = entry?.identifier === host || entry?.error?.includes(`[${host}]`);
    return about && entry?.level === "error" && entry.error ? [{ msg: entry.msg, error: entry.error }] : [];
  });
  const told = errors.findLast(({ error }) => error.includes("urn:ietf:params:acme:error")) ?? errors.at(-1);
  if (told === undefined) return undefined;
  return { words: cleanLine(told.error, 600), givenUp: errors.some(({ msg }) => msg === "will retry") };
}

function entryOf(line: string): z.infer<typeof Entry> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return Entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
