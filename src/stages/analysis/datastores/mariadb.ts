import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const mariadb: DatastoreKind = {
  name: "mariadb",
  packages: { npm: ["mariadb"], pypi: [] },
  demandedBy: [],
  schemes: ["mariadb"],
  prisma: [],
  part: namedAfter("MARIADB|MYSQL|DATABASE|DB"),
};
