import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { down, environmentFor, openLab, up } from "./lab.ts";
import { lock } from "./lock.ts";
import { closingLine, type Summary, summarise } from "./report.ts";

// `npm test`: a lab of its own, the tests, and the lab away again in every case; the last line counts. `--suite NAME`: that
// file of test/soak alone; `--seed N --points K`: what a suite of drawn points draws, and how much of it.
const { values, positionals } = parseArgs({
  options: {
    project: { type: "string", multiple: true, default: ["unit", "e2e"] },
    suite: { type: "string", multiple: true, default: [] },
    seed: { type: "string" },
    points: { type: "string" },
  },
  allowPositionals: true,
});
const lab = openLab(process.env.BERTH_TEST_LAB ?? "berth-test");
const interrupted = new AbortController();
let vitest: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted.abort(new Error(`interrupted by ${signal}`));
    vitest?.kill("SIGTERM");
  });
}

const summary = await main().catch((error: Error): Summary => ({ passed: 0, failed: 1, reason: error.message }));
if (summary.reason !== undefined) say(summary.reason);
say(closingLine(summary));
process.exitCode = summary.failed === 0 ? 0 : 1;

async function main(): Promise<Summary> {
  const run = await lock(lab, `test-${lab.name}`, { wait: false });
  if (!run) throw new Error(`another test run uses ${lab.name}: wait until it has ended`);
  try {
    await setUp();
    return await test();
  } finally {
    await down(lab);
    await run.release();
  }
}

/** From nothing, whatever an earlier run that was killed may have left. */
async function setUp(): Promise<void> {
  const began = performance.now();
  await down(lab);
  await up(lab);
  interrupted.signal.throwIfAborted();
  say(`set-up: ${seconds(began)} s`);
}

async function test(): Promise<Summary> {
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), `${lab.name}-report-`));
  try {
    const file = join(folder, "report.json");
    const exitCode = await runVitest(file);
    say(`tests: ${seconds(began)} s`);
    interrupted.signal.throwIfAborted();
    return summarise(await readFile(file, "utf8").catch(() => undefined), exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runVitest(report: string): Promise<number> {
  const projects = values.project.flatMap((name) => ["--project", name]);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const program = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
  const env = {
    ...process.env,
    ...(await environmentFor(lab)),
    BERTH_LAB: lab.name,
    BERTH_LAB_PROCESS: `${lab.name}/test`,
    ...(values.seed !== undefined && { SOAK_SEED: values.seed }),
    ...(values.points !== undefined && { SOAK_POINTS: values.points }),
  };
  const suites = values.suite.map((name) => `test/soak/${name}.test.ts`);
  const args = [program, "run", ...projects, ...reporters, ...suites, ...positionals];
  // A group of its own: Ctrl-C reaches it through us, once, and we clean up when it has ended.
  vitest = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], env, detached: true });
  const [code] = (await once(vitest, "exit")) as [number | null];
  return code ?? 128;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function seconds(began: number): number {
  return Math.round((performance.now() - began) / 1000);
}
