import { resourceAt } from "../resources/address.ts";
import type { Serving } from "./serving.ts";

/** What a connection's client wants to be told about. */
export interface Watch {
  /** Watches these addresses under one key, from now on. */
  add(key: string | number, addresses: readonly string[]): void;
  remove(key: string | number): void;
  close(): void;
}

/**
 * Tells which subscribed resources changed, whoever changed them: this process, another server, a worker. The store is
 * looked at only while somebody has subscribed to something.
 */
export function watchResources(
  { surface, resources, limits, log }: Pick<Serving, "surface" | "resources" | "limits" | "log">,
  changed: (address: string) => void,
): Watch {
  const wanted = new Map<string | number, readonly string[]>();
  const tags = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let version = "";

  return {
    add(key, addresses) {
      wanted.set(key, addresses);
      for (const address of addresses) if (!tags.has(address)) tags.set(address, tagOf(address));
      timer ??= setInterval(look, limits.watch).unref();
    },
    remove(key) {
      wanted.delete(key);
      const still = new Set([...wanted.values()].flat());
      for (const address of tags.keys()) if (!still.has(address)) tags.delete(address);
      if (wanted.size === 0) stop();
    },
    close: stop,
  };

  function look(): void {
    try {
      const now = surface.version();
      if (now === version) return;
      version = now;
      for (const [address, before] of tags) {
        const tag = tagOf(address);
        tags.set(address, tag);
        if (tag !== before) changed(address);
      }
    } catch (error) {
      // Not more than its name: where the store cannot be read, nothing says what is a secret in the rest.
      log.warn({ error: (error as Error).name }, "a look at the store failed");
    }
  }

  /** What is not there yet has a tag as well: a client may wait for it. */
  function tagOf(address: string): string {
    const at = resourceAt(resources, address);
    try {
      return at ? at.resource.tag(surface, at.id) : "";
    } catch {
      return "missing";
    }
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }
}
