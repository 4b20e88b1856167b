import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";

// sudo clears the variable, so the shell that sshd started is asked: the nearest process above that still has it.
const script = `p=$$
while [ "\${p:-1}" -gt 1 ]; do
  c=$(tr '\\0' '\\n' <"/proc/$p/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
  [ -z "$c" ] || { echo "$c"; exit; }
  p=$(sed 's/.*) //' "/proc/$p/stat" | cut -d' ' -f2)
done`;

/** The ends of a connection, as the server sees them. */
export interface WayIn {
  client: string;
  address: string;
  port: number;
}

/**
 * Where this connection ends; behind a forwarded port that is not what was dialled. Undefined where the server does not say.
 */
export async function wayIn(host: Host): Promise<WayIn | undefined> {
  const [client, , address, port] = (await host.read(sh(script))).split(" ");
  return client && address && port && /^\d{1,5}$/.test(port) ? { client, address, port: Number(port) } : undefined;
}
