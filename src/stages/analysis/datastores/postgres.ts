import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const postgres: DatastoreKind = {
  name: "postgres",
  packages: { npm: ["pg", "postgres", "pg-promise", "@neondatabase/serverless", "@vercel/postgres"] },
  prisma: ["postgresql", "postgres", "cockroachdb"],
  part: namedAfter("PG|POSTGRES|POSTGRESQL|DATABASE|DB"),
};
