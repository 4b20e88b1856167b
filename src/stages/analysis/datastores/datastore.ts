import type { AddressPart } from "../schema.ts";

/** A backing service, known by the drivers that talk to it. */
export interface DatastoreKind {
  name: string;
  /** Packages by ecosystem. */
  packages: { npm: string[] };
  /** What the datasource of a Prisma schema calls it. */
  prisma: string[];
  /** What a variable carries of its address; undefined where it speaks of something else. */
  part(variable: string): AddressPart | undefined;
}

const parts: Record<AddressPart, string> = {
  url: "URL|URI|CONNECTION_?STRING|CONN_?STR|DSN",
  host: "HOST|HOSTNAME|SERVER|ADDR",
  port: "PORT",
  user: "USER|USERNAME",
  password: "PASSWORD|PASS|PASSWD|PWD",
  database: "DB|NAME|DATABASE|DBNAME|DB_NAME|DATABASE_NAME",
};

/** Variables named `PREFIX_HOST`, `PREFIXHOST`, … for these prefixes (a pattern). */
export function namedAfter(prefixes: string): DatastoreKind["part"] {
  const patterns = Object.entries(parts).map(([part, names]) => ({
    part: part as AddressPart,
    pattern: new RegExp(`^(?:${prefixes})_?(?:${names})$`),
  }));
  return (variable) => patterns.find(({ pattern }) => pattern.test(variable))?.part;
}
