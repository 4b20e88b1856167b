import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const postgres: DatastoreKind = {
  name: "postgres",
  packages: {
    npm: ["pg", "postgres", "pg-promise", "@neondatabase/serverless", "@vercel/postgres"],
    pypi: ["psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "psycopg-pool", "asyncpg", "pg8000", "aiopg"],
  },
  demandedBy: [],
  schemes: ["postgres", "postgresql", "postgis"],
  prisma: ["postgresql", "postgres", "cockroachdb"],
  part: namedAfter("PG|POSTGRES|POSTGRESQL|DATABASE|DB"),
};
