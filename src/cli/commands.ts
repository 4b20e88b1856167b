import { Command } from "commander";
import { readSource } from "../services/analyze.ts";
import type { Berth } from "../services/berth.ts";
import type { Config } from "../services/config.ts";
import { type Proposal, propose, proposeStored } from "../services/propose.ts";
import { earlierPlan, listRuns } from "../services/run-facts.ts";
import { cancel, resume } from "../services/runs.ts";
import type { GitCredentials } from "../services/source.ts";
import { openBerth } from "../services.ts";
import { renderAnalysis } from "../stages/analysis/render.ts";
import { renderPlan } from "../stages/plan/render.ts";
import { addAdopt } from "./adopt.ts";
import { addAgent } from "./agent.ts";
import { approve } from "./approve.ts";
import { addChanges } from "./change.ts";
import { addDestroy } from "./destroy.ts";
import { followToEnd } from "./follow.ts";
import type { Program } from "./install/entry.ts";
import { addLogs } from "./logs.ts";
import { type PlanOptions, wishesOf, withPlanOptions } from "./plan-options.ts";
import { addRun } from "./run.ts";
import { addSecrets } from "./secrets.ts";
import type { ServeOptions } from "./serve.ts";
import { addServers } from "./servers.ts";
import { addSetup } from "./setup.ts";
import { addSsh } from "./ssh.ts";
import { addStatus } from "./status.ts";
import type { ExitCode, Terminal } from "./terminal.ts";
import { applyPlan } from "./up.ts";

/** What the process gives to every command. */
export interface Surroundings extends Program {
  git: GitCredentials;
  terminal(json: boolean): Terminal;
  config(options: { identity?: string }): Config;
  /** Serves one client over stdio until it goes away. */
  serve(options: ServeOptions): Promise<ExitCode>;
  /** Reads a value that nobody else may see: hidden on a terminal, else all of stdin. */
  readSecret(name: string): Promise<string>;
}

/** An action on an opened Berth, as commander calls it: the options that every command has come first. */
export type Act = (
  body: (berth: Berth, terminal: Terminal) => Promise<ExitCode>,
) => (options: { json?: boolean; identity?: string }) => Promise<void>;

/** The whole command line. Each action answers its exit code through `ended`. */
export function commandLine(around: Surroundings, ended: (code: ExitCode) => void): Command {
  const program = new Command("berth")
    .description("From a repository to a running, secured server.")
    .exitOverride()
    .showHelpAfterError("(berth --help lists the commands)");

  /** Opens Berth for one action and closes it after, whatever happened. */
  const act: Act = (body) => async (options) => {
    const berth = openBerth(around.config(options));
    try {
      ended(await body(berth, around.terminal(options.json === true)));
    } finally {
      berth.close();
    }
  };

  program
    .command("analyze <source>")
    .description("what is in a source: services, environment, ports, databases, each with where it was read")
    .option("--json", "the analysis as JSON")
    .action((source: string, options) =>
      act(async (berth, terminal) => {
        const { analysis } = await readSource(berth, source, around.cwd, around.git);
        terminal.say(terminal.json ? JSON.stringify(analysis, null, 1) : renderAnalysis(analysis));
        return 0;
      })(options),
    );

  withPlanOptions(
    program.command("plan <source>").description("the whole desired state, and nothing done: what `up` would apply"),
  ).action((source: string, options: PlanOptions) =>
    act(async (berth, terminal) => {
      const { plan, hash } = await planFrom(berth, source, options);
      terminal.say(terminal.json ? JSON.stringify({ hash, plan }, null, 1) : renderPlan(plan, hash));
      if (!terminal.json) terminal.note(`Apply it: berth up ${source} --server ${options.server} --approve ${hash}`);
      return 0;
    })(options),
  );

  withPlanOptions(program.command("up <source>").description("from analysis to a verified HTTPS answer in one go"))
    .option("--approve <hash>", "a person has read the plan of this hash and wants it")
    .option("--yes", "consent to a new stack on a server of yours, and to nothing else")
    .action((source: string, options: PlanOptions & { approve?: string; yes?: boolean }) =>
      act(async (berth, terminal) => applyPlan(berth, terminal, await planFrom(berth, source, options), options))(
        options,
      ),
    );

  program
    .command("approve [plan-or-request]")
    .description("shows a plan and asks you, on this terminal; without a name it lists what waits for you")
    .option("--json", "the list as JSON")
    .action((wanted: string | undefined, options) =>
      act((berth, terminal) => approve(berth, terminal, wanted))(options),
    );

  program
    .command("rollback <stack>")
    .description("applies the plan that stood before, or an older one")
    .option("--to <plan>", "hash of a stored plan")
    .option("--approve <hash>", "a person has read the plan of this hash and wants it")
    .option("--json", "JSON lines")
    .action((stack: string, options: { to?: string; approve?: string; json?: boolean }) =>
      act(async (berth, terminal) => {
        const hash = options.to ?? earlierPlan(berth, stack);
        return applyPlan(berth, terminal, await proposeStored(berth, hash), options);
      })(options),
    );

  program
    .command("runs [run]")
    .description("lists runs, or follows one")
    .option("--json", "JSON lines")
    .action((run: string | undefined, options) =>
      act(async (berth, terminal) => {
        if (run !== undefined) return followToEnd(berth, terminal, run);
        const lines = listRuns(berth);
        if (terminal.json) terminal.say(JSON.stringify(lines));
        else
          for (const { id, stack, plan, state, created } of lines)
            terminal.say(`${id}  ${created}  ${state.padEnd(12)} ${stack ?? ""} ${plan.slice(0, 12)}`);
        return 0;
      })(options),
    );

  program
    .command("resume <run>")
    .description("goes on with a run that was interrupted or failed")
    .option("--json", "JSON lines")
    .action((run: string, options) =>
      act(async (berth, terminal) => {
        return followToEnd(berth, terminal, run, await resume(berth, run));
      })(options),
    );

  program
    .command("cancel <run>")
    .description("stops a run after what it is doing; it can be resumed")
    .action((run: string, options) =>
      act(async (berth, terminal) => {
        cancel(berth, run);
        terminal.say(`Asked the worker of ${run} to stop.`);
        return 0;
      })(options),
    );

  program
    .command("serve")
    .description("serves an MCP client over stdio: what its model can do is what Berth's tools do")
    .option("--read-only", "only the tools that change nothing")
    .option("--verbose", "a fuller log on stderr")
    .option("--identity <file>", "a private SSH key to log in with")
    .action(async (options: ServeOptions) => ended(await around.serve(options)));

  addStatus(program, act);
  addLogs(program, act);
  addChanges(program, around, act);
  addDestroy(program, act);
  addRun(program, act);
  addSsh(program, act);
  addAgent(program, around, act);
  addSecrets(program, around, act);
  addServers(program, act);
  addAdopt(program, act);
  addSetup(program, around, ended);
  return program;

  async function planFrom(berth: Berth, text: string, options: PlanOptions): Promise<Proposal> {
    const wishes = wishesOf(options);
    const { source, analysis } = await readSource(berth, text, around.cwd, around.git);
    return propose(berth, {
      source,
      analysis,
      server: options.server,
      wishes,
      updateImages: options.updateImages === true,
    });
  }
}
