import type { DatastoreKind } from "../datastores/datastore.ts";
import { datastoreKinds } from "../datastores/index.ts";

/** Images of datastores by the last part of their names, whoever publishes them. `more`: with what the plain one has not. */
const images: { kind: string; name: RegExp; more?: true }[] = [
  { kind: "postgres", name: /^postgres(?:ql)?$/ },
  {
    kind: "postgres",
    name: /^(?:postgis|timescaledb(?:-ha)?|pgvector|pgvecto-rs|citus|paradedb|pgautoupgrade)$/,
    more: true,
  },
  { kind: "mysql", name: /^(?:mysql(?:-server)?|percona(?:-server)?)$/ },
  { kind: "mariadb", name: /^mariadb$/ },
  { kind: "mongodb", name: /^mongo(?:db)?(?:-community-server)?$/ },
  { kind: "redis", name: /^(?:redis|valkey|keydb|dragonfly)$/ },
  { kind: "redis", name: /^redis-stack(?:-server)?$|^redismod$/, more: true },
  { kind: "rabbitmq", name: /^rabbitmq$/ },
];

export interface StoreImage {
  kind: DatastoreKind;
  /** What its tag begins with; null where that says nothing. */
  version: string | null;
  /** It has extensions that the plain one has not. */
  more: boolean;
}

/** The datastore that an image of a registry is; undefined where it is something else. */
export function storeImage(reference: string): StoreImage | undefined {
  const [, name = "", tag = ""] = /([^/:@]+)(?::([\w.-]+))?(?:@[\w:]+)?$/.exec(reference) ?? [];
  const found = images.find((one) => one.name.test(name));
  const kind = found && datastoreKinds.find((one) => one.name === found.kind);
  if (!kind) return undefined;
  const version = /^(?:pg|v|RELEASE\.)?(\d+(?:\.\d+)*)/.exec(tag)?.[1] ?? /pg(\d+)/.exec(tag)?.[1] ?? null;
  return {
    kind,
    version: found.more && kind.name === "postgres" ? (/pg-?(\d+)/.exec(tag)?.[1] ?? version) : version,
    more: found.more ?? false,
  };
}
