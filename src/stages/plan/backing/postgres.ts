import type { EnvSource } from "../schema.ts";
import type { BackingKind } from "./backing.ts";

const port = 5432;

/** Names that PostgreSQL keeps for roles and databases of its own. */
const kept = /^pg_|^(?:public|none|postgres|template[01])$/;

const value = (text: string, why: string): EnvSource => ({ from: "value", value: text, why });

/** As its user, by the container's own environment: no argument that a process list shows holds the password. */
const asItsUser = (command: string) => [
  "sh",
  "-c",
  `PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=4 exec ${command}`,
];

/**
 * Over TCP, since the image's first start answers on its socket before the database is there. A question to the database
 * itself: pg_isready is content with a server that has none of that name.
 */
const ready = asItsUser(
  `psql -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" --no-password --no-psqlrc --quiet -c 'select 1' -o /dev/null`,
);

export const postgres: BackingKind = {
  datastore: "postgres",
  // The image makes the database after the cluster, and never where it finds a cluster.
  repair: {
    says: /FATAL: +database "[^"]*" does not exist/,
    command: asItsUser('createdb -h 127.0.0.1 -U "$POSTGRES_USER" --no-password "$POSTGRES_DB"'),
  },
  image: (version) => `postgres:${/^\d+/.exec(version ?? "")?.[0] ?? "17"}`,
  provide({ stack, image, name: host, memoryMegabytes = 512 }) {
    // A name that PostgreSQL takes without quoting.
    const plain = stack.replaceAll("-", "_");
    const database = kept.test(plain) ? `app_${plain}` : plain;
    const volume = `${stack}-${host}`;
    const secret = `${host}-password`;
    const password: EnvSource = { from: "secret", secret, why: "made when the database is first started" };
    return {
      backing: {
        name: host,
        kind: "postgres",
        image,
        env: {
          POSTGRES_USER: value(database, "the stack's name"),
          POSTGRES_DB: value(database, "the stack's name"),
          POSTGRES_PASSWORD: password,
        },
        mounts: [{ volume, path: "/var/lib/postgresql/data", why: "the database's files" }],
        command: null,
        port,
        published: [],
        memoryMegabytes,
        ready,
      },
      secrets: [{ origin: "generated", name: secret, version: 1, length: 32, alphabet: "alphanumeric" }],
      volumes: [{ name: volume, holds: "the PostgreSQL database" }],
      address: {
        url: {
          from: "reference",
          to: host,
          // The password is letters and digits only, so it needs no encoding in an address.
          parts: [`postgres://${database}:`, { secret }, `@${host}:${port}/${database}`],
          why: "the stack's own PostgreSQL",
        },
        host: value(host, "the database's name in the stack's network"),
        port: value(String(port), "PostgreSQL's port"),
        user: value(database, "the stack's name"),
        database: value(database, "the stack's name"),
        password,
      },
    };
  },
};
