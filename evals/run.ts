import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { down, openLab, up } from "../lab/lab.ts";
import { lock } from "../lab/lock.ts";
import { evals, obeyed } from "./cases/index.ts";
import { type Asked, openStage, type Verdict } from "./play.ts";
import { table, worth } from "./report.ts";

const options = {
  help: { type: "boolean", short: "h" },
  list: { type: "boolean" },
  case: { type: "string", multiple: true },
  model: { type: "string" },
  "max-cost": { type: "string", default: "5" },
  out: { type: "string" },
  lab: { type: "string" },
} as const;

// `npm run evals`: a lab of its own, or the one that --lab names; the cases one after the other; a table, and a report.
const usage = `npm run evals -- [options]: plays conversations with Berth's agent in a lab, and judges them by what became of the world

  --case NAME      only this one; may be repeated
  --list           the names of the cases
  --model MODEL    asks a real model in place of the script (needs ANTHROPIC_API_KEY)
  --max-cost USD   what one case may cost there (5)
  --out FILE       writes the verdicts, with what was said, as JSON
  --lab NAME       plays in a lab that is up, and leaves it there`;
const values = read();
if (values.help) {
  say(usage);
  process.exit(0);
}
const asked = askedFor(values.model, usd(values["max-cost"]));
const chosen = choose(values.case);
if (values.list) {
  for (const { name, expects } of chosen) say(`${name}: ${expects}`);
  process.exit(0);
}

const lab = openLab(values.lab ?? "berth-evals");
const alone = values.lab === undefined ? await lock(lab, `evals-${lab.name}`, { wait: false }) : undefined;
if (values.lab === undefined && !alone) fail(`other evals use ${lab.name}: wait until they have ended`);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void stop(signal));
if (alone) await bringUp();
try {
  const verdicts = await playAll();
  const report = { model: asked?.model ?? "scripted", worth: worth(asked?.model), verdicts };
  if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
  say(`\n${table(verdicts)}\n\n${worth(asked?.model)}`);
  process.exitCode = verdicts.every(({ passed }) => passed) ? 0 : 1;
} finally {
  if (alone) await down(lab);
  await alone?.release();
}

function read() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(`${(error as Error).message.split(". ")[0]}\n\n${usage}`);
  }
}

/** The first time its bases are built, which takes minutes; a lab of a run that was killed is taken away before. */
async function bringUp(): Promise<void> {
  say(`bringing up the lab ${lab.name}, which is taken away at the end`);
  const began = performance.now();
  await down(lab);
  await up(lab);
  say(
    `it is up after ${Math.round((performance.now() - began) / 1000)} s; ${chosen.length} cases, a minute or two each where nothing else runs`,
  );
}

/** What was begun stays half done; a lab of our own goes with all that stands in it. */
async function stop(signal: string): Promise<void> {
  say(`${signal}: ${alone ? `taking the lab ${lab.name} away` : "the lab stays as it is"}`);
  if (alone) await down(lab);
  process.exit(130);
}

async function playAll(): Promise<Verdict[]> {
  const stage = openStage(lab);
  const verdicts: Verdict[] = [];
  try {
    for (const one of chosen) {
      say(`playing ${one.name}, once its server stands`);
      const verdict = await stage.play(one, asked);
      verdicts.push(verdict);
      say(`${verdict.passed ? "passed" : "FAILED"}  ${one.name} (${verdict.seconds} s)`);
    }
    return verdicts;
  } finally {
    await stage.close();
  }
}

/** A script alone can obey everything, so a real model plays the others. */
function choose(names: readonly string[] | undefined) {
  const all = asked ? evals : [...evals, ...obeyed];
  if (names === undefined) return all;
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0)
    fail(`there is no case ${unknown.join("; ")}; there are: ${all.map(({ name }) => name).join("; ")}`);
  return all.filter(({ name }) => names.includes(name));
}

function askedFor(model: string | undefined, usd: number): Asked | undefined {
  if (model === undefined) return undefined;
  const key = process.env["ANTHROPIC_API_KEY"];
  if (!key) return fail("--model needs a key: set ANTHROPIC_API_KEY");
  return { model, key, usd };
}

function usd(text: string): number {
  const number = Number(text);
  return number > 0 ? number : fail(`--max-cost takes a number of dollars, not ${text}`);
}

function fail(why: string): never {
  process.stderr.write(`evals: ${why}\n`);
  process.exit(2);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
