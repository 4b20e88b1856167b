import type { Link } from "./findings.ts";

/** Lines that speak of who may ask, of examples, or of nothing that runs. */
const notSpokenTo = /cors|origin|allowed|^\s*(?:\/\/|#|\*|\/\*)|console\.|print\(|log(?:ger)?\./i;
const address = /\b(?:https?|wss?|grpc|tcp):\/\/([a-z0-9][\w.-]{0,80}):(\d{2,5})\b/gi;

/** Addresses of other programs that are written out in code: `http://localhost:8000/api`, `http://api:8000`. */
export const literalLinks = (files: readonly { path: string; text: string }[]): Link[] =>
  files
    .filter(({ text }) => /:\/\/[a-z0-9][\w.-]*:\d/i.test(text))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) =>
        notSpokenTo.test(line)
          ? []
          : [...line.matchAll(address)].map(([, host = "", port]) => ({
              host: host.toLowerCase(),
              port: Number(port),
              paths: [],
              evidence: { file: path, line: index + 1, rule: "address of another program" },
            })),
      ),
    )
    .slice(0, 50);

/** The host and port of an address; undefined where it is none. */
export function addressIn(text: string): { host: string; port: number | null } | undefined {
  const found = /^(?:\w[\w+.-]*:\/\/)?(?:[^@/\s]*@)?([a-z0-9][\w.-]{0,80})(?::(\d{2,5}))?(?:[/?]|$)/i.exec(
    text.slice(0, 300),
  );
  if (!found?.[1] || (!text.includes("://") && found[2] === undefined)) return undefined;
  return { host: found[1].toLowerCase(), port: found[2] === undefined ? null : Number(found[2]) };
}
