import { z } from "zod";

/** The part of vitest's own JSON report that we read. */
const report = z.object({
  success: z.boolean(),
  numTotalTests: z.number(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.unknown()), message: z.string().optional() }),
  ),
});

/** How many tests passed and failed; a file that failed without a failed test (it could not be loaded) counts as one that failed. */
export interface Summary {
  passed: number;
  failed: number;
  /** Why nothing is counted. */
  reason?: string;
}

/** Reads the report: a run that broke off before writing one, or in which no test ran, has failed. */
export function summarise(text: string | undefined, exitCode: number): Summary {
  const parsed = report.safeParse(parse(text));
  if (!parsed.success)
    return { passed: 0, failed: 1, reason: `vitest ended with ${exitCode} before it wrote its report` };
  const { numPassedTests, numFailedTests, success, testResults } = parsed.data;
  const unloaded = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  const failed = numFailedTests + unloaded;
  if (numPassedTests + failed === 0) return { passed: 0, failed: 1, reason: "no test ran" };
  // An error outside of any test, or one after the last: vitest fails the run and no test bears it.
  if (failed === 0 && (!success || exitCode !== 0)) {
    return {
      passed: numPassedTests,
      failed: 1,
      reason: `every test passed, and vitest ended with ${exitCode}: see above`,
    };
  }
  return { passed: numPassedTests, failed };
}

/** The closing line, which other programs read. */
export const closingLine = ({ passed, failed }: Summary): string => `${passed} passed, ${failed} failed`;

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
