import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const rabbitmq: DatastoreKind = {
  name: "rabbitmq",
  packages: { npm: ["amqplib", "amqp-connection-manager"], pypi: ["pika", "aio-pika", "aiormq"] },
  demandedBy: [],
  schemes: ["amqp", "amqps", "pyamqp"],
  prisma: [],
  part: namedAfter("RABBITMQ|AMQP|RABBIT"),
};
