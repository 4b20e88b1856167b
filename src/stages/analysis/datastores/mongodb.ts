import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const mongodb: DatastoreKind = {
  name: "mongodb",
  packages: { npm: ["mongoose", "mongodb"] },
  prisma: ["mongodb"],
  part: namedAfter("MONGO|MONGODB|DATABASE|DB"),
};
