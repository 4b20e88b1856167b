import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { down, openLab, up } from "../lab/lab.ts";
import { evals, obeyed } from "./cases/index.ts";
import { type Asked, openStage, type Verdict } from "./play.ts";
import { table, worth } from "./report.ts";

// `npm run evals`: a lab of its own, or the one that --lab names; the cases one after the other; a table, and a report.
const { values } = parseArgs({
  options: {
    case: { type: "string", multiple: true },
    model: { type: "string" },
    "max-cost": { type: "string", default: "5" },
    out: { type: "string" },
    lab: { type: "string" },
  },
});
const lab = openLab(values.lab ?? "berth-evals");
const asked = askedFor(values.model, Number(values["max-cost"]));
const chosen = choose(values.case);

if (values.lab === undefined) await up(lab);
try {
  const verdicts = await playAll();
  const report = { model: asked?.model ?? "scripted", worth: worth(asked?.model), verdicts };
  if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
  say(`\n${table(verdicts)}\n\n${worth(asked?.model)}`);
  process.exitCode = verdicts.every(({ passed }) => passed) ? 0 : 1;
} finally {
  if (values.lab === undefined) await down(lab);
}

async function playAll(): Promise<Verdict[]> {
  const stage = openStage(lab);
  const verdicts: Verdict[] = [];
  try {
    for (const one of chosen) {
      const verdict = await stage.play(one, asked);
      verdicts.push(verdict);
      say(`${verdict.passed ? "passed" : "FAILED"}  ${one.name}`);
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
    fail(`there is no case ${unknown.join(", ")}; there are: ${all.map(({ name }) => name).join(", ")}`);
  return all.filter(({ name }) => names.includes(name));
}

function askedFor(model: string | undefined, usd: number): Asked | undefined {
  if (model === undefined) return undefined;
  const key = process.env["ANTHROPIC_API_KEY"];
  if (!key) return fail("--model needs a key: set ANTHROPIC_API_KEY");
  return { model, key, usd };
}

function fail(why: string): never {
  process.stderr.write(`evals: ${why}\n`);
  process.exit(2);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
