import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { at } from "../../code/syntax.ts";
import { compare } from "../../facts.ts";
import type { Evidence } from "../../schema.ts";
import { importName } from "./apps.ts";
import { type Code, callsOf, type Module } from "./modules.ts";

const { dirname, relative } = posix;

/** A file that is started as a program. */
export interface Script {
  file: string;
  /** `python main.py`, `python -m jobs.worker` */
  start: string;
  /** Where it goes on for ever; undefined where it seems to end. */
  loop: Evidence | undefined;
  /** Reads its command line: a tool for people, unless it goes on for ever. */
  tool: boolean;
  evidence: Evidence;
}

/** What waits for work and does not end: of queues, brokers, schedulers and servers. */
const waiting =
  /(?:^|\.)(?:blpop|brpop|blmove|brpoplpush|bzpopmin|xreadgroup|xread|start_consuming|run_forever|serve_forever|run_pending|run_until_disconnected|wait_for_termination|BlockingScheduler|Consumer|SimpleWorker|run_polling|infinity_polling)$/;
const worker = /(?:^|\.)Worker$/;

/** The scripts of a project, the one that looks like its program first. */
export function scriptsOf(code: Code, project: string): Script[] {
  const loops = new Map(code.modules.map((module) => [module, loopIn(module)]));
  const found = code.modules.flatMap((module) => {
    const main = mainGuard(module);
    const loop = loops.get(module) ?? loopBehind(module, loops);
    const runsItself = /(?:^|\/)(?:__main__|main|worker|run|app|server)\.py$/.test(module.path) && loop !== undefined;
    if (!main && !runsItself) return [];
    const evidence = main ? at(module, main, "started as a script") : loop;
    const tool = /\b(?:argparse|click|typer|fire|docopt|optparse)\b|sys\.argv\[/.test(module.text);
    return evidence ? [{ file: module.path, start: startOf(module, project, code), loop, tool, evidence }] : [];
  });
  return found.sort((a, b) => rank(a, project) - rank(b, project) || compare(a.file, b.file));
}

function rank({ file, loop, tool }: Script, project: string): number {
  const own = project === "." ? file : relative(project, file);
  const name = /(?:^|\/)(?:__main__|main|worker|app|run|server)\.py$/.test(own) ? 0 : 1;
  return (loop ? 0 : 1000) + (tool ? 500 : 0) + own.split("/").length * 10 + name;
}

const mainGuard = (module: Module): Node | undefined =>
  module
    .matches("(if_statement condition: (comparison_operator) @test)")
    .find(({ test }) => /^__name__\s*==\s*["']__main__["']$/.test(test?.text ?? ""))?.["test"];

function loopIn(module: Module): Evidence | undefined {
  const call = callsOf(module).find(
    ({ called, node }) => waiting.test(called) || (worker.test(called) && /\.work\(/.test(module.text) && node),
  );
  if (call) return at(module, call.node, "waits for work");
  const endless = module
    .matches("(while_statement condition: (_) @condition) @loop")
    .find(({ condition }) => /^(?:True|1|not [\w.]+(?:\.is_set\(\))?)$/.test(condition?.text ?? ""));
  const loop = endless?.["condition"];
  return loop && at(module, loop, "goes on for ever");
}

/** The loop of a module that this one imports. */
function loopBehind(module: Module, loops: Map<Module, Evidence | undefined>): Evidence | undefined {
  const names = module
    .matches("(import_from_statement module_name: (_) @from)")
    .flatMap(({ from }) => (from ? [from.text] : []));
  return names.map((name) => module.resolve(name)).flatMap((other) => (other && loops.get(other)) ?? [])[0];
}

function startOf(module: Module, project: string, code: Code): string {
  const own = project === "." ? module.path : relative(project, module.path);
  const { module: name, root } = importName(module, project, code);
  const isPackage = /^\s*from \.+\w* import/m.test(module.text) || own.endsWith("/__main__.py");
  const inPackage = isPackage || new RegExp(`^\\s*from ${name.split(".")[0]}\\.`, "m").test(module.text);
  if (dirname(own) === "." || !inPackage || root !== ".") return `python ${own}`;
  return `python -m ${name.replace(/\.__main__$/, "")}`;
}
