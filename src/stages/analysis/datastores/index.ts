import type { DatastoreKind } from "./datastore.ts";
import { mariadb } from "./mariadb.ts";
import { mongodb } from "./mongodb.ts";
import { mysql } from "./mysql.ts";
import { postgres } from "./postgres.ts";
import { rabbitmq } from "./rabbitmq.ts";
import { redis } from "./redis.ts";

/** Of several whose name a variable fits (`DATABASE_URL`), the first that the program talks to is meant. */
export const datastoreKinds: DatastoreKind[] = [postgres, mysql, mariadb, mongodb, redis, rabbitmq];

/** Kinds of which a program that can talk to several is usually given one. */
export const databaseKinds = ["postgres", "mysql", "mariadb", "mongodb"];
