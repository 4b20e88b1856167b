import { describe, expect, test } from "vitest";
import { closingLine, summarise } from "./report.ts";

const report = (passed: number, failed: number, files: { status: string; assertionResults: unknown[] }[] = []) =>
  JSON.stringify({
    success: failed === 0 && files.every(({ status }) => status === "passed"),
    numTotalTests: passed + failed,
    numPassedTests: passed,
    numFailedTests: failed,
    testResults: files,
  });

describe("the closing line of a test run", () => {
  test("counts what vitest counts", () => {
    expect(closingLine(summarise(report(12, 0), 0))).toBe("12 passed, 0 failed");
    expect(closingLine(summarise(report(11, 1), 1))).toBe("11 passed, 1 failed");
  });

  test("a file that cannot be loaded has failed", () => {
    const files = [
      { status: "failed", assertionResults: [] },
      { status: "passed", assertionResults: [{}] },
    ];
    expect(summarise(report(1, 0, files), 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  test.each([undefined, "", "{", "{}", "null"])("a run that broke off before its report has failed: %j", (text) => {
    expect(summarise(text, 137)).toMatchObject({ passed: 0, failed: 1, reason: expect.stringContaining("137") });
  });

  test("no test is no success", () => {
    expect(summarise(report(0, 0), 0)).toEqual({ passed: 0, failed: 1, reason: "no test ran" });
  });

  test("an error outside of the tests fails the run", () => {
    expect(summarise(report(3, 0), 1)).toMatchObject({ passed: 3, failed: 1 });
  });
});
