import type { EnvSource } from "../schema.ts";
import type { BackingKind } from "./backing.ts";

const port = 5432;

/** Names that PostgreSQL keeps for roles and databases of its own. */
const kept = /^pg_|^(?:public|none|postgres|template[01])$/;

const value = (text: string, why: string): EnvSource => ({ from: "value", value: text, why });

export const postgres: BackingKind = {
  datastore: "postgres",
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
        // -h: over TCP, since the image's first start answers on its socket before the database is there.
        ready: ["pg_isready", "--quiet", "-h", "127.0.0.1", "-U", database, "-d", database],
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
