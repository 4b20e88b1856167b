import { caddy } from "./caddy.ts";
import type { ReverseProxy } from "./proxy.ts";

/** Every proxy that a plan may name, the default first. */
const proxies: readonly ReverseProxy[] = [caddy];

/** The variant that a plan names. Throws a RangeError on a kind that its schema should have refused. */
export function proxyOf(kind: string): ReverseProxy {
  const found = proxies.find((proxy) => proxy.kind === kind);
  if (found === undefined) throw new RangeError(`no proxy of kind ${kind}`);
  return found;
}
