import { z } from "zod";
import { readFile } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { paths } from "../../kit/layout.ts";
import { clean } from "../../kit/text.ts";

export const OpenPorts = z.array(z.object({ port: z.int().min(1).max(65535), protocol: z.enum(["tcp", "udp"]) }));
export type OpenPorts = z.infer<typeof OpenPorts>;

/** Which ports one stack wants open: the firewall is everybody's, so what it opens is made from the files of all stacks. */
export const portsFile = (stack: string): string => `${paths.ports}/${stack}.json`;

/** What stands in that file: the same ports give the same bytes. */
export function portsText(ports: OpenPorts): string {
  const plain = ports.map(({ port, protocol }) => ({ port, protocol }));
  const sorted = plain.toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  return `${JSON.stringify(sorted)}\n`;
}

/** What a stack was last recorded to want; null where nothing is. */
export const recordedPorts = async (host: Host, stack: string): Promise<string | null> =>
  (await readFile(host, portsFile(stack))) ?? null;

/** What every other stack on the server wants open. Throws `ports_invalid`. */
export async function portsOfOthers(host: Host, stack: string): Promise<OpenPorts> {
  const listing = await host.read(
    sh(
      'for f in "$1"/*.json; do [ -e "$f" ] && [ "$f" != "$2" ] || continue; echo "$f"; head -c 100000 "$f" | tr -d "\\n"; echo; done',
      paths.ports,
      portsFile(stack),
    ),
  );
  const lines = listing === "" ? [] : listing.split("\n");
  return lines.flatMap((path, n) => (n % 2 === 0 ? parsePorts(path, lines[n + 1] ?? "") : []));
}

export function parsePorts(path: string, content: string): OpenPorts {
  try {
    return OpenPorts.parse(JSON.parse(content));
  } catch (error) {
    throw new BerthError({
      code: "ports_invalid",
      message: "The ports that a stack on the server wants open cannot be read, so the firewall stays as it is.",
      object: clean(path, 200),
      cause: clean(error instanceof Error ? error.message : String(error), 500),
      next: "Deploy that stack again, or remove the file if the stack is gone.",
    });
  }
}

/** Whether all of these are among those. */
export const within = (ports: OpenPorts, others: OpenPorts): boolean =>
  ports.every(({ port, protocol }) => others.some((other) => other.port === port && other.protocol === protocol));
