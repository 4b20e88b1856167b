import type { EnvSource } from "../schema.ts";
import type { BackingKind } from "./backing.ts";

const port = 6379;

const value = (text: string, why: string): EnvSource => ({ from: "value", value: text, why });

/**
 * Settings come by standard input, since a process list shows arguments; the image's own entrypoint then becomes the user
 * redis. Below the container's memory, for the copy that a rewrite of the file needs: what does not fit is refused, and
 * nothing is thrown out.
 */
const start = (megabytes: number) => `exec docker-entrypoint.sh redis-server - <<END
requirepass $REDISCLI_AUTH
dir /data
appendonly yes
maxmemory ${Math.floor(megabytes * 0.75)}mb
maxmemory-policy noeviction
END`;

export const redis: BackingKind = {
  datastore: "redis",
  image: (version) => `redis:${/^\d+/.exec(version ?? "")?.[0] ?? "8"}`,
  provide({ stack, image, name: host, memoryMegabytes = 256 }) {
    const volume = `${stack}-${host}`;
    const secret = `${host}-password`;
    const password: EnvSource = { from: "secret", secret, why: "made when Redis is first started" };
    return {
      backing: {
        name: host,
        kind: "redis",
        image,
        // Read by redis-cli as well, so that no command has to name it.
        env: { REDISCLI_AUTH: password },
        mounts: [{ volume, path: "/data", why: "the file of what was written" }],
        command: ["sh", "-c", start(memoryMegabytes)],
        port,
        published: [],
        memoryMegabytes,
        // An error is an answer, too: while it reads its file, and where the password is another.
        ready: ["sh", "-c", "redis-cli ping | grep -q PONG"],
      },
      secrets: [{ origin: "generated", name: secret, version: 1, length: 32, alphabet: "alphanumeric" }],
      volumes: [{ name: volume, holds: "what Redis keeps" }],
      address: {
        url: {
          from: "reference",
          to: host,
          // The password is letters and digits only, so it needs no encoding in an address.
          parts: ["redis://default:", { secret }, `@${host}:${port}/0`],
          why: "the stack's own Redis",
        },
        host: value(host, "its name in the stack's network"),
        port: value(String(port), "Redis's port"),
        user: value("default", "the user that the password is of"),
        database: value("0", "its first database"),
        password,
      },
    };
  },
};
