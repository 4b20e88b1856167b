import type { Listener } from "../../host/docker/listeners.ts";
import { cleanLine } from "../../kit/text.ts";
import type { Asked, Probe } from "./probe.ts";

/** All that is known of a container that shall become healthy, at one moment. */
export interface Facts {
  container: { status: string; exitCode: number; oomKilled: boolean };
  /** null: it listens nowhere, so that staying up is all that can be asked. */
  asked: Asked | null;
  /** undefined: not asked, since the container does not run, or nobody can be asked. */
  probe: Probe | undefined;
  /** Seconds since its process began; 0 while it does not run. */
  up: number;
  /** What the Engine's own check says, and what it printed last; null where none is planned. */
  check: { status: string | null; said: string } | null;
  listeners: readonly Listener[];
  timeoutSeconds: number;
}

export interface Verdict {
  code: "app_crashed" | "health_command" | "health_refused" | "health_status" | "redirect_loop" | "health_timeout";
  message: string;
  cause: string;
  next: string;
}

/** A worker that has run on for so many seconds has read its configuration and found what it needs. */
export const steadySeconds = 5;

export const healthy = (facts: Pick<Facts, "container" | "asked" | "probe" | "up" | "check">): boolean =>
  facts.container.status === "running" && isOpen(facts) && (facts.check === null || facts.check.status === "healthy");

const isOpen = ({ asked, probe, up }: Pick<Facts, "asked" | "probe" | "up">): boolean =>
  asked === null ? up >= steadySeconds : isWell(probe);

const isWell = (probe: Probe | undefined): boolean =>
  probe?.answer.kind === "open" ||
  (probe?.answer.kind === "status" && probe.answer.status >= 200 && probe.answer.status < 300);

/** A container that is created without a restart policy and has ended does not come back. */
export const crashed = ({ container: { status } }: Pick<Facts, "container">): boolean =>
  status === "exited" || status === "dead";

/** More redirects in a row than a visitor's browser follows well. */
export const circles = ({ probe }: Pick<Facts, "probe">): boolean =>
  probe?.answer.kind === "status" && probe.answer.status >= 300 && probe.answer.status < 400 && probe.trail.length > 5;

/** Why a container is not healthy, as far as the facts tell: one cause, and what to do about it. Pure. */
export function verdictOf(facts: Facts): Verdict {
  // One that was well once and is started anew each time it ends is seen between two of its ends.
  if (crashed(facts) || facts.container.status === "restarting") return crash(facts.container);
  const { asked, probe, timeoutSeconds, check } = facts;
  const answer = probe?.answer;
  if (asked === null || isWell(probe)) return check ? badCheck(check, timeoutSeconds) : unsteady(timeoutSeconds);
  if (probe && circles(facts)) return circle(asked, probe.trail);
  if (answer?.kind === "status") return badStatus(asked, answer);
  if (answer?.kind === "silent") {
    return {
      code: "health_timeout",
      message: `It is not healthy after ${timeoutSeconds} s.`,
      cause: `Asked for ${placeOf(asked)}: ${answer.words}.`,
      next: "Make that path answer sooner, or wish otherwise (berth plan … --health-path PATH, --health-timeout SECONDS).",
    };
  }
  return {
    code: "health_refused",
    message: `Nothing listens on port ${asked.port} after ${timeoutSeconds} s.`,
    ...elsewhere(asked.port, facts.listeners),
  };
}

function crash({ exitCode, oomKilled }: Facts["container"]): Verdict {
  const message = `The application ended with exit code ${exitCode} before it was healthy.`;
  if (!oomKilled)
    return {
      code: "app_crashed",
      message,
      cause: exits[exitCode] ?? "It ended by itself.",
      next: "Mend what its last lines name, then: berth up.",
    };
  return {
    code: "app_crashed",
    message,
    cause: "It needed more memory than it may have, and was killed.",
    next: "Give it more: berth plan … --memory MB.",
  };
}

const exits: Readonly<Record<number, string>> = {
  126: "Its command is there but cannot be run.",
  127: "Its command was not found in the image.",
  137: "It was killed (SIGKILL).",
  139: "It accessed memory that is not its own (SIGSEGV).",
  143: "It was told to stop (SIGTERM).",
};

function elsewhere(port: number, listeners: readonly Listener[]): Pick<Verdict, "cause" | "next"> {
  const local = listeners.find((listener) => listener.port === port);
  if (local?.loopback) {
    return {
      cause: `It listens on 127.0.0.1:${port} only, which nobody outside its container can reach.`,
      next: "Make it listen on 0.0.0.0 (or on all addresses), then: berth up.",
    };
  }
  const open = listeners.filter(({ loopback }) => !loopback).map((listener) => listener.port);
  if (open.length > 0) {
    return {
      cause: `It listens on port ${open.join(", ")}, and the plan says ${port}.`,
      next: `Make it listen on the port in the variable PORT, or plan the port that it uses (${open[0]}).`,
    };
  }
  const inside = listeners.map((listener) => `127.0.0.1:${listener.port}`);
  if (inside.length > 0) {
    return {
      cause: `It listens on ${inside.join(", ")} only, and the plan says port ${port}.`,
      next: `Make it listen on 0.0.0.0:${port}, then: berth up.`,
    };
  }
  return { cause: "It runs, and listens nowhere.", next: "See in its last lines what it waits for, then: berth up." };
}

function badCheck({ said }: NonNullable<Facts["check"]>, timeoutSeconds: number): Verdict {
  return {
    code: "health_command",
    message: `Its health check does not answer 0 after ${timeoutSeconds} s.`,
    cause:
      said === ""
        ? "The command inside the container says nothing."
        : `The command inside it says: ${cleanLine(said, 300)}`,
    next: "Mend what it names, or give it more time (berth plan … --health-timeout SECONDS), then: berth up.",
  };
}

const unsteady = (timeoutSeconds: number): Verdict => ({
  code: "health_timeout",
  message: `It has not run for ${steadySeconds} s without a restart after ${timeoutSeconds} s.`,
  cause: "Its process ends, or is ended, again and again.",
  next: "See in its last lines why it ends, then: berth up.",
});

function circle(asked: Asked, trail: readonly string[]): Verdict {
  const places = trail.slice(0, 4).map((place) => cleanLine(place, 100));
  return {
    code: "redirect_loop",
    message: `${placeOf(asked)} redirects without end.`,
    cause: `It was sent to ${places.join(" → ")} → …`,
    next: "Let the application trust X-Forwarded-Proto (behind a proxy it is asked by http), or name another health path.",
  };
}

function badStatus(
  asked: Asked,
  { status, location, body }: { status: number; location: string; body: string },
): Verdict {
  const redirect = status >= 300 && status < 400;
  const said = body.trim() === "" ? "It says nothing more." : `It says: ${cleanLine(body, 300)}`;
  return {
    code: "health_status",
    message: `${placeOf(asked)} answers ${status}, and 200 to 299 is healthy.`,
    cause: redirect ? `It redirects to ${cleanLine(location, 200)}, which is not this application.` : said,
    next: "Mend what it names, or name another health path (berth plan … --health-path PATH), then: berth up.",
  };
}

const placeOf = ({ port, path }: Asked) => (path === null ? `port ${port}` : path);
