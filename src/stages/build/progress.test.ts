import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildFailure } from "./build-failure.ts";
import { buildProgress } from "./progress.ts";
import { decodeTrace } from "./trace.ts";

/** Streams recorded from real Engines. */
function follow(fixture: string) {
  const text = readFileSync(new URL(`./fixtures/${fixture}.ndjson`, import.meta.url), "utf8");
  let shown = "";
  const progress = buildProgress((line) => {
    shown += line;
  });
  for (const line of text.split("\n")) if (line.trim()) progress.message(line);
  return { shown: shown.replace(/\d+\.\d s/g, "N s"), ...progress.outcome() };
}

const dockerfile = [
  "# as it was recorded",
  "FROM node:24-slim@sha256:e119f5975e2429dd7fbab5f707f68c9fb083e3e186cdb7106d9c0b31d050b5d6",
  "WORKDIR /app",
  "COPY a.txt .",
  "RUN echo hi; for i in 1 2 3; do echo line $i; sleep 0.3; done; echo err >&2",
  "USER node",
  "RUN --mount=type=cache,target=/x \\",
  "  echo bad; exit 7",
].join("\n");

test("a build reads as numbered steps with their own lines", () => {
  const { shown, imageId, error, failed } = follow("build-20.10");
  expect(shown).toContain("#2 [2/4] WORKDIR /app\n#2 done N s\n");
  expect(shown).toContain("#4 line 1\n#4 line 2\n#4 line 3\n#4 err\n#4 done N s\n");
  expect(shown).not.toContain("[internal]");
  expect(imageId).toBe("sha256:494da25f164bfa134f7d2d7d2a8515d565e7f1cbf7cbf8427730e089e77dbe94");
  expect([error, failed]).toEqual([undefined, undefined]);
});

test.each(["failure-20.10", "failure-26.1"])(
  "%s names the Dockerfile's line, the exit code and the last lines",
  (fixture) => {
    const outcome = follow(fixture);
    expect(outcome.imageId).toBeUndefined();
    const error = buildFailure("berth/web:1", dockerfile, outcome);
    expect(error.code).toBe("build_failed");
    expect(error.message).toContain("Dockerfile line 7, RUN --mount=type=cache,target=/x echo bad; exit 7");
    expect(error.cause).toMatch(/exit code: 7\nIts last lines:\nbad$/);
  },
);

test.each([
  ['process "npm ci" did not complete successfully: exit code: 137', "out of memory"],
  ["write /x: no space left on device", "disk is full"],
  ["toomanyrequests: You have reached your pull rate limit", "limits how often"],
  ["npm error SELF_SIGNED_CERT_IN_CHAIN", "authority that the build does not trust"],
])("%s is named as what it is", (said, meaning) => {
  expect(buildFailure("i", "FROM x", { imageId: undefined, error: said, failed: undefined }).cause).toContain(meaning);
});

test("the last lines are those of what went wrong, not npm's on its own newer version", () => {
  const lines = ["src/index.ts(5,7): error TS2322", "npm notice", "npm notice New major version of npm available!"];
  const failed = { step: "[1/1] RUN npm run build", lines };
  const { cause } = buildFailure("i", "FROM x", { imageId: undefined, error: "e", failed });
  expect(cause).toMatch(/Its last lines:\nsrc\/index\.ts\(5,7\): error TS2322$/);
});

test("hostile lines stay bounded and lose their control characters", () => {
  const lines = Array.from({ length: 40 }, (_, i) => `\u001b[31m${i}${"x".repeat(10_000)}\u202e`);
  const { cause } = buildFailure("i", "FROM x", {
    imageId: undefined,
    error: "e",
    failed: { step: "[1/1] RUN x", lines },
  });
  expect(cause.length).toBeLessThanOrEqual(3000);
  expect(cause).not.toContain("\u001b");
  expect(cause).not.toContain("\u202e");
});

test("what is no protobuf is refused, at whatever byte it breaks off", () => {
  const whole = Buffer.from([0x0a, 0x04, 0x0a, 0x02, 0x68, 0x69]);
  expect(decodeTrace(whole.toString("base64")).vertexes[0]?.digest).toBe("hi");
  for (let end = 1; end < whole.length; end++) {
    expect(() => decodeTrace(whole.subarray(0, end).toString("base64"))).toThrow(RangeError);
  }
});
