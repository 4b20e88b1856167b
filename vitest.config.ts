import { defineConfig } from "vitest/config";

/** unit: seconds, no lab. e2e: one lab, servers from its snapshot. soak: the long ones. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // On a machine with two cores it would be one.
          maxWorkers: "100%",
          include: ["src/**/*.test.ts", "lab/**/*.test.ts", "evals/**/*.test.ts", "test/*.test.ts"],
          // No test is about time; a busy machine makes one of a thousand tries slow.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          fileParallelism: false,
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "soak",
          fileParallelism: false,
          include: ["test/soak/**/*.test.ts"],
          testTimeout: 1_200_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
