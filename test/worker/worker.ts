import { join } from "node:path";
import { thisMachine } from "../../src/run/machine.ts";
import { workOn } from "../../src/run/worker.ts";
import { createScrubbers } from "../../src/secrets/scrub.ts";
import { secret } from "../../src/secrets/value.ts";
import { openStore } from "../../src/store/open.ts";
import { runStore } from "../../src/store/runs.ts";
import { runnerIn } from "./world.ts";

const [state = "", run = "", action = "", world = ""] = process.argv.slice(2);
const shutdown = new AbortController();
process.once("SIGTERM", () => shutdown.abort());
const scrubbers = createScrubbers([secret("hunter22")]);

await workOn({
  store: runStore(openStore(state)),
  run,
  action: action === "rollback" ? "rollback" : "apply",
  runner: runnerIn(world),
  version: "0.1.0",
  logs: join(state, "logs", run),
  machine: thisMachine(),
  now: () => new Date(),
  scrubber: scrubbers.stream,
  scrub: scrubbers.scrub,
  verifyGrant: async () => undefined,
  stillValid: async () => true,
  shutdown: shutdown.signal,
});
