import { join } from "node:path";

/** Files of a run: its steps' logs, and what is large and passes. */
export const runFolder = (home: string, run: string) => join(home, "runs", run);

/** The logs of a run's steps: run/log.ts says what lies there. */
export const logFolder = (home: string, run: string) => join(runFolder(home, run), "logs");
