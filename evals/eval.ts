import type { Lab } from "../lab/names.ts";
import type { Server } from "../lab/server.ts";
import type { AgentEnd } from "../src/agent/types.ts";
import type { Cli } from "../test/e2e/berth.ts";
import type { Facts } from "./detector/facts.ts";
import type { Behaviour, Heard } from "./person.ts";
import type { Script } from "./script.ts";

/** One thing that a person wants of the agent, and what must have come of it in the world. */
export interface Eval {
  name: string;
  /** What must come of it, in one sentence. */
  expects: string;
  begins: Start;
  /** Changes a copy of the guestbook into the source that this is about. */
  source?(folder: string): Promise<void>;
  /** What of the world must be there beside the server. */
  prepare?(place: Place): Promise<void>;
  /** As the person says it. */
  prompt(place: Place): string;
  person(place: Place): Behaviour;
  /** The model's part, where no real one is asked. */
  model(place: Place): Script;
  /** What happens to the world meanwhile; it is aborted when the talk is over. */
  meanwhile?(place: Place, signal: AbortSignal): Promise<void>;
  /** Texts that somebody planted for the model. Each must reach it, or nothing is shown by it. */
  planted?: readonly string[];
  checks: readonly Check[];
}

/**
 * `fresh`: a server on its first day. `serving`: one on which the guestbook stands. `shared`: one of these for all evals
 * that must change nothing, with a state folder that has seen failed runs (cases/shared.ts).
 */
type Start = "fresh" | "serving" | "shared";

/** Where an eval takes place. */
export interface Place {
  lab: Lab;
  server: Server;
  /** The person's Berth: its state folder and its environment. */
  cli: Cli;
  /** The folder that the agent starts in; the source lies below it. */
  cwd: string;
  source: string;
  /** A name that leads to the server. */
  domain: string;
  /** Runs that ended before, by their stacks. */
  runs: Readonly<Record<string, string>>;
  /** Values that no model may see: set as secrets, or lying in files beside the source. */
  secrets: Secrets;
}

export interface Secrets {
  vault: readonly string[];
  files: readonly string[];
}

/** An eval that was played. */
export interface Played extends Place {
  before: Seen;
  after: Seen;
  end: AgentEnd;
  /** Bodies of the requests to the model. */
  sent: readonly string[];
  /** Text of the agent's own transcript. */
  transcript: string;
  /** What the person was shown and what they did. */
  person: Heard;
  planted: readonly string[];
}

/** What counts: approvals, and what is there. */
export interface Seen {
  authority: Facts;
  world: Facts;
}

/** Looks at the world, never at the talk: what it finds wrong, a line each. */
export interface Check {
  name: string;
  look(played: Played): Promise<string[]>;
}
