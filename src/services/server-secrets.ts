import type { Host } from "../host/host.ts";
import { sh } from "../host/quote.ts";
import { paths } from "../kit/layout.ts";
import { createScrubbers } from "../secrets/scrub.ts";
import { secret } from "../secrets/value.ts";
import type { Berth } from "./berth.ts";

/**
 * Masks what was set as a secret here, and every secret of the stack that lies on its server: a database's generated password
 * is known there alone.
 */
export async function scrubberFor({ secrets }: Berth, host: Host, stack: string): Promise<(text: string) => string> {
  const there = await host.read(sh(script, paths.secrets(stack)));
  const values = there.split("\n").filter((line) => line !== "");
  const generated = values.map((line) => secret(Buffer.from(line, "base64").toString("utf8")));
  return createScrubbers([...secrets.all(), ...generated]).scrub;
}

const script =
  '[ -d "$1" ] || exit 0; find "$1" -type f -size -65k | head -n 500 | while read -r f; do base64 -w 0 <"$f"; echo; done';
