import type { ContainerInspectInfo } from "dockerode";
import { cleanLine } from "../../kit/text.ts";
import type { Answer } from "../deploy/probe.ts";

/** How a container is, and why, as far as it is known without asking it anything that could change something. */
export interface Health {
  /** running, exited with 137, restarting, … */
  state: string;
  /** healthy, unhealthy, starting; null where nothing tells. */
  health: string | null;
  cause: string | null;
}

/** What came of asking it for its health path, or whether its port is open. */
export interface Asked {
  port: number;
  path: string | null;
  answer: Answer;
}

type Inspected = Pick<ContainerInspectInfo, "State" | "RestartCount">;

/** Pure. The Engine's own check counts first: it is what the application says of itself. */
export function healthOf({ State, RestartCount }: Inspected, asked?: Asked): Health {
  const state = stateOf(State);
  if (State.Restarting || !State.Running) return { state, health: null, cause: endOf(State) };
  const again =
    RestartCount > 0 ? `it was started anew ${RestartCount === 1 ? "once" : `${RestartCount} times`}` : null;
  const checked = State.Health && State.Health.Status !== "none" ? State.Health : undefined;
  if (checked) {
    const bad = checked.Status === "healthy" ? null : checkedWords(checked);
    return { state, health: cleanLine(checked.Status, 40), cause: bad ?? again };
  }
  if (!asked) return { state, health: null, cause: again };
  const bad = answerWords(asked);
  return { state, health: bad === null ? "healthy" : "unhealthy", cause: bad ?? again };
}

function stateOf({ Status, ExitCode, Restarting }: Inspected["State"]): string {
  if (Restarting) return `restarting after ${ExitCode}`;
  return cleanLine(Status === "exited" ? `exited with ${ExitCode}` : Status, 40);
}

const exits: Readonly<Record<number, string>> = {
  126: "its command cannot be run",
  127: "its command was not found in the image",
  137: "it was killed (SIGKILL)",
  139: "it accessed memory that is not its own (SIGSEGV)",
  143: "it was told to stop (SIGTERM)",
};

function endOf({ Status, ExitCode, OOMKilled, Error: words }: Inspected["State"]): string | null {
  if (words) return cleanLine(words, 300);
  if (OOMKilled) return "it needed more memory than it may have, and was killed";
  if (Status === "paused" || Status === "created") return null;
  return exits[ExitCode] ?? (ExitCode === 0 ? "it ended by itself" : `it ended with code ${ExitCode}`);
}

function checkedWords({ Status, FailingStreak, Log }: NonNullable<Inspected["State"]["Health"]>): string {
  const last = Log?.at(-1);
  if (!last) return Status === "starting" ? "its first check is still to come" : "its check has said nothing";
  const times = FailingStreak > 1 ? `, ${FailingStreak} times in a row` : "";
  const said = cleanLine(last.Output, 300);
  if (last.ExitCode === 0) return said || "its check is well again";
  return `its check ended with ${last.ExitCode}${times}${said === "" ? "" : `: ${said}`}`;
}

/** null where it is well. */
function answerWords({ port, path, answer }: Asked): string | null {
  if (answer.kind === "open") return null;
  if (answer.kind === "refused") return `nothing listens on port ${port}`;
  const place = path ?? `port ${port}`;
  if (answer.kind === "silent") return `${place}: ${answer.words}`;
  return answer.status >= 200 && answer.status < 300 ? null : `${place} answers ${answer.status}`;
}
