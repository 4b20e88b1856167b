import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const mysql: DatastoreKind = {
  name: "mysql",
  packages: { npm: ["mysql2", "mysql"] },
  prisma: ["mysql"],
  part: namedAfter("MYSQL|DATABASE|DB"),
};
