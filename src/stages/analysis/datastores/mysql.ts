import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const mysql: DatastoreKind = {
  name: "mysql",
  packages: {
    npm: ["mysql2", "mysql"],
    pypi: ["mysqlclient", "pymysql", "aiomysql", "asyncmy", "mysql-connector-python"],
  },
  demandedBy: [],
  schemes: ["mysql"],
  prisma: ["mysql"],
  part: namedAfter("MYSQL|DATABASE|DB"),
};
