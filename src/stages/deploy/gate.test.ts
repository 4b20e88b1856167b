import type Docker from "dockerode";
import { expect, test } from "vitest";
import type { StageContext } from "../context.ts";
import { passGate } from "./gate.ts";

const id = "0123456789ab".padEnd(64, "0");
const gated = {
  container: "shop-web-1",
  asked: { address: "172.30.0.10", port: 3000, path: "/healthz", name: null },
  command: false,
  timeoutSeconds: 5,
};
const ctx = { signal: new AbortController().signal } as StageContext;

/** An Engine on which a container has ended, or is gone. */
const engine = (there: boolean) => ({
  getContainer: () => ({
    inspect: async () => {
      if (!there) throw Object.assign(new Error("no such container"), { statusCode: 404 });
      return {
        Id: id,
        Name: "/shop-web-1",
        State: { Status: "exited", ExitCode: 1, OOMKilled: false, Pid: 0, StartedAt: "2026-01-01T00:00:00Z" },
        Image: "sha256:0",
        Config: { Labels: {} },
        Created: "2026-01-01T00:00:00Z",
        HostConfig: {},
        NetworkSettings: { Networks: {} },
      };
    },
    logs: async () => Buffer.alloc(0),
  }),
});
const refused = (there: boolean) =>
  passGate(engine(there) as unknown as Docker, gated, ctx).catch((error: { next: string }) => error.next);

test("a log is named by the container's id, which it has whether it is then renamed or kept as it is", async () => {
  expect(await refused(true)).toContain("docker logs 0123456789ab");
});

test("where nothing is left, no log is promised", async () => {
  expect(await refused(false)).not.toContain("docker logs");
});
