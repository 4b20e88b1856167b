import type { EnvSource } from "./schema.ts";
import type { PlannedStore } from "./stores.ts";

/** `postgresql+asyncpg://user:password@db:5432/app?sslmode=disable` in its parts. */
const address = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^@/?#\s]*@)?([^:/?#@\s]+)(?::\d+)?(\/[^?#\s]*)?(\?[^#\s]*)?$/i;

/**
 * A value of the source's own files that says where a datastore is, by the name that those files give it: it then says
 * where Berth's is, with Berth's password, in the same form. Undefined where it points at none.
 */
export function pointingAt(text: string, stores: readonly PlannedStore[]): EnvSource | undefined {
  const [, scheme = "", host = "", path = "", query = ""] = address.exec(text) ?? [];
  const [alone = "", port] = text.split(":");
  const store = stores.find((one) => one.host !== null && (one.host === host || one.host === alone));
  if (!store) return undefined;
  if (store.host === alone && /^\d*$/.test(port ?? "")) return hostOf(store, port);
  const { url } = store.address;
  if (url.from !== "reference") return url;
  const [first = "", ...rest] = url.parts;
  const begin = typeof first === "string" ? first.replace(/^[a-z][a-z0-9+.-]*:\/\//i, scheme) : first;
  return { ...url, parts: withEnd([begin, ...rest], path, query) };
}

type Parts = Extract<EnvSource, { from: "reference" }>["parts"];

/** A number as the path is one of several databases of one server, as Redis has them: which of them is the application's own affair. */
function withEnd(parts: Parts, path: string, query: string): Parts {
  const last = parts.at(-1);
  if (typeof last !== "string") return query === "" ? parts : [...parts, query];
  const end = /^\/\d+$/.test(path) ? last.replace(/\/\d+$/, path) : last;
  return [...parts.slice(0, -1), `${end}${query}`];
}

function hostOf({ address: { host }, backing }: PlannedStore, port: string | undefined): EnvSource {
  if (host.from !== "value" || port === undefined) return host;
  return { ...host, value: `${host.value}:${backing.port}` };
}
