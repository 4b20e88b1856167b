import type { ContainerInspectInfo } from "dockerode";
import { expect, test } from "vitest";
import { type Asked, healthOf } from "./figures-health.ts";

const running = { Status: "running", Running: true, Restarting: false, OOMKilled: false, ExitCode: 0, Error: "" };
const inspected = (state: object, RestartCount = 0) =>
  ({ State: { ...running, ...state }, RestartCount }) as unknown as ContainerInspectInfo;
const stopped = { Status: "exited", Running: false };
const checked = (Status: string, FailingStreak: number, ExitCode: number, Output: string) => ({
  Health: { Status, FailingStreak, Log: [{ ExitCode, Output }] },
});
const asked = (answer: Asked["answer"]): Asked => ({ port: 3000, path: "/healthz", answer });

test.each([
  [inspected({}), undefined, "running", null, null],
  [inspected({}, 3), undefined, "running", null, "it was started anew 3 times"],
  [inspected({ ...stopped, ExitCode: 137 }), undefined, "exited with 137", null, "it was killed (SIGKILL)"],
  [inspected({ ...stopped, ExitCode: 1 }), undefined, "exited with 1", null, "it ended with code 1"],
  [
    inspected({ ...stopped, ExitCode: 137, OOMKilled: true }),
    undefined,
    "exited with 137",
    null,
    "it needed more memory than it may have, and was killed",
  ],
  [
    inspected({ Status: "restarting", Restarting: true, ExitCode: 3 }),
    undefined,
    "restarting after 3",
    null,
    "it ended with code 3",
  ],
  [inspected(checked("healthy", 0, 0, "ok")), undefined, "running", "healthy", null],
  [
    inspected(checked("unhealthy", 4, 1, "no \u001b[31mroute\nto db")),
    undefined,
    "running",
    "unhealthy",
    "its check ended with 1, 4 times in a row: no route to db",
  ],
  [inspected({}), asked({ kind: "open" }), "running", "healthy", null],
  [inspected({}), asked({ kind: "refused" }), "running", "unhealthy", "nothing listens on port 3000"],
  [
    inspected({}),
    asked({ kind: "status", status: 503, location: "", body: "" }),
    "running",
    "unhealthy",
    "/healthz answers 503",
  ],
])("how a container is, and why (%#)", (container, answer, state, health, cause) =>
  expect(healthOf(container, answer)).toEqual({ state, health, cause }),
);
