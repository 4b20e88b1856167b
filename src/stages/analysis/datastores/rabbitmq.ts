import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const rabbitmq: DatastoreKind = {
  name: "rabbitmq",
  packages: { npm: ["amqplib", "amqp-connection-manager"] },
  prisma: [],
  part: namedAfter("RABBITMQ|AMQP|RABBIT"),
};
