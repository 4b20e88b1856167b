import type { Queue } from "./queue.ts";

export const dramatiq: Queue = {
  name: "dramatiq",
  packages: ["dramatiq"],
  app: { module: /^dramatiq\b/, called: /^(?:dramatiq\.)?set_broker$/ },
  start: ({ module }) => `dramatiq ${module}`,
};
