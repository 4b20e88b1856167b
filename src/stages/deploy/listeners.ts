import { type Listener, parseListeners } from "../../host/docker/listeners.ts";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";

/** Where the processes in a container listen (TCP), read from outside: `pid` is one of them, as the server counts. */
export async function listenersOf(host: Host, pid: number): Promise<Listener[]> {
  if (pid <= 0) return [];
  const script = 'cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null | head -c 200000';
  const { stdout } = await host.exec(sh(script, String(pid)));
  return parseListeners(stdout);
}
