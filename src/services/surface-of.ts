import { createScrubbers, type Scrubbers } from "../secrets/scrub.ts";
import { secret } from "../secrets/value.ts";
import { analysesOf } from "./analyses.ts";
import type { Berth } from "./berth.ts";
import { dialogsOf } from "./dialogs.ts";
import { plansOf } from "./plans.ts";
import { earlierPlan, listRuns } from "./run-facts.ts";
import { readRun, waitForRun } from "./run-reading.ts";
import { listServers } from "./servers.ts";
import type { GitCredentials } from "./source.ts";
import { listStacks, stackLine, stackStatus } from "./stack-facts.ts";
import type { Runs, Surface } from "./surface.ts";

/**
 * All that tools and resources can do, over an opened Berth. `cwd` is what a source's path is relative to. To make it, and to
 * read what is kept, loads nothing that is heavy: a server has to answer at once.
 */
export function surfaceOf(berth: Berth, { cwd, git }: { cwd: string; git: GitCredentials }): Surface {
  const scrubber = scrubbing(berth, git.token);
  const scrub = (text: string) => scrubber()(text);
  const acting = () => import("./stack-acting.ts");
  return {
    analyses: analysesOf(berth, { cwd, git, scrub }),
    plans: plansOf(berth, { cwd, git }),
    runs: runsOf(berth),
    stacks: {
      list: () => listStacks(berth),
      get: (name) => stackLine(berth, name),
      status: (name, signal) => stackStatus(berth, name, signal),
      loss: async (name, signal) => (await acting()).lossOf(berth, name, signal),
      destroy: async (name, asker, signal) => (await acting()).destroyStack(berth, name, asker, signal),
      command: async (wanted, asker, signal) => (await acting()).runCommand(berth, wanted, asker, signal),
      logs: async (name, wanted, signal) => (await import("./stack-logs.ts")).pageOfLogs(berth, name, wanted, signal),
    },
    servers: { list: () => listServers(berth) },
    secrets: {
      async request(wanted, asker) {
        const { requestSecret } = await import("./secret-page.ts");
        return requestSecret(berth, wanted, asker);
      },
    },
    dialogs: dialogsOf(berth),
    scrub,
    scrubber,
    version: () => berth.store.version(),
  };
}

function runsOf(berth: Berth): Runs {
  const acts = () => import("./acts.ts");
  return {
    preview: async (plan, parts, signal) => (await acts()).previewParts(berth, plan, parts, signal),
    start: async (plan, parts, asker, signal) => (await acts()).startParts(berth, plan, parts, asker, signal),
    read: (run, reading) => readRun(berth, run, reading),
    wait: (run, options) => waitForRun(berth, run, options),
    list: (stack) => listRuns(berth, stack),
    cancel: async (run, asker) => (await import("./cancel.ts")).cancelRun(berth, run, asker),
    resume: async (run) => (await acts()).resumeRun(berth, run),
    earlierPlan: (stack) => earlierPlan(berth, stack),
  };
}

/** Masks what was set as a secret, and the git token. What another process sets is known with the next answer. */
function scrubbing({ store, secrets }: Berth, token: string | undefined): Surface["scrubber"] {
  let made: { version: string; scrubbers: Scrubbers } | undefined;
  return () => {
    try {
      const version = store.version();
      if (made?.version !== version) {
        const values = [...secrets.all(), ...(token === undefined ? [] : [secret(token)])];
        made = { version, scrubbers: createScrubbers(values) };
      }
    } catch (error) {
      // A store that fails from now on: the failure itself is to be said, without what was known as a secret.
      if (!made) throw error;
    }
    return made.scrubbers.scrub;
  };
}
