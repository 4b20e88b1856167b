import type Docker from "dockerode";
import { streamsBeside } from "../../host/docker/log-stream.ts";
import type { Host } from "../../host/host.ts";

interface Carrier {
  host: Host;
  engine: Docker;
  used: number;
}

/**
 * Room for endless streams: on the first connection so many as leave room for its calls, then on further ones. A login that
 * reaches the Engine by sessions has few a connection (sshd's MaxSessions); root has more than anybody needs.
 */
export function createStreams(first: Host, again: () => Promise<Host>) {
  const further: Host[] = [];
  const carriers: Carrier[] = [];
  let adding: Promise<void> | undefined;

  async function add(): Promise<void> {
    const host = carriers.length === 0 ? first : await again();
    if (host !== first) further.push(host);
    carriers.push({ host, engine: await host.engine(), used: 0 });
  }

  async function stream(): Promise<{ engine: Docker; done(): void }> {
    for (;;) {
      const free = carriers.find(({ engine, used }) => used < streamsBeside(engine));
      if (free) {
        free.used++;
        return { engine: free.engine, done: () => void free.used-- };
      }
      adding ??= add().finally(() => {
        adding = undefined;
      });
      await adding;
    }
  }

  return { stream, close: () => Promise.all(further.map((host) => host.close())) };
}
