import { until } from "../../src/kit/wait.ts";
import { ended, oneGrant, serves } from "../checks.ts";
import { journalOf, runsIn, workerOf } from "../detector/store.ts";
import type { Check, Eval } from "../eval.ts";
import { get, type Script, say } from "../script.ts";
import { asVersion } from "../source.ts";
import { applied, followed, planned, target } from "./steps.ts";

/** Where it is killed: the new version's container is being made, and the old one serves. */
const step = "stack/start/guestbook";

const interruptedOnce: Check = {
  name: "one run, taken twice",
  look: async ({ cli }) => {
    const [run = ""] = runsIn(cli.home);
    const taken = journalOf(cli.home, run).filter(({ event }) => event === "taken");
    return taken.length === 2 ? [] : [`the last run was taken ${taken.length} times`];
  },
};

export const resume: Eval = {
  name: "resume",
  expects: "After the worker was killed in the middle of a deploy, “go on” ends in the new version.",
  begins: "serving",
  source: asVersion("1.5.0"),
  prompt: (place) => `Update the guestbook on ${target(place)} (${place.domain}) to what is in ./guestbook now.`,
  person: ({ domain }) => ({
    says: ["Go on with it, please."],
    decides: (message) => (message.includes(domain) ? "accept" : "decline"),
  }),
  async meanwhile({ cli }, signal) {
    const begun = async () =>
      runsIn(cli.home).find((run) =>
        journalOf(cli.home, run).some((event) => event["event"] === "started" && event["step"] === step),
      );
    const run = await until(begun, { timeoutMs: 600_000, everyMs: 50, signal });
    const pid = run && workerOf(cli.home, run);
    if (!pid) throw new Error(`${step} never began`);
    process.kill(pid, "SIGKILL");
  },
  *model(place): Script {
    const plan = yield* planned(place, { domain: place.domain });
    const { run, state } = yield* applied(plan);
    yield* say(`The run is ${state}.`);
    yield* get("resume_run", { run });
    const { state: then } = yield* followed(String(run));
    yield* say(`Now it is ${then}.`);
  },
  checks: [ended, serves("1.5.0"), oneGrant(["build", "deploy"]), interruptedOnce],
};
