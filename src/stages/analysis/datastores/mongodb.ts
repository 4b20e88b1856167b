import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const mongodb: DatastoreKind = {
  name: "mongodb",
  packages: {
    npm: ["mongoose", "mongodb"],
    pypi: ["pymongo", "motor", "mongoengine", "beanie", "odmantic", "flask-pymongo"],
  },
  demandedBy: [],
  schemes: ["mongodb", "mongodb+srv"],
  prisma: ["mongodb"],
  part: namedAfter("MONGO|MONGODB|DATABASE|DB"),
};
