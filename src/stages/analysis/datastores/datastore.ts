import type { AddressPart } from "../schema.ts";

/** A backing service, known by the drivers that talk to it. */
export interface DatastoreKind {
  name: string;
  /** Packages by ecosystem. */
  packages: { npm: string[]; pypi: string[] };
  /** Those of them that do nothing without it: a queue's broker is no extra. */
  demandedBy: string[];
  /** What its addresses begin with; a driver that is named behind a plus apart. */
  schemes: string[];
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

/** The kind of datastore that an address leads to: `postgresql+psycopg://…`. */
export const isAddressOf = ({ schemes }: DatastoreKind, address: string): boolean => {
  const scheme = /^([a-z][a-z0-9]*)(?:\+\w+)?:\/\//i.exec(address)?.[1]?.toLowerCase();
  return scheme !== undefined && schemes.includes(scheme);
};
