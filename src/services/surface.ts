import type { Part } from "../pipeline.ts";
import type { Analysis } from "../stages/analysis/schema.ts";
import type { Figures } from "../stages/deploy/prober/figures.ts";
import type { ServedCertificate } from "../stages/operate/figures-certificate.ts";
import type { ServerFigures } from "../stages/operate/figures-server.ts";
import type { Change } from "../stages/plan/diff.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { Wishes } from "../stages/plan/wishes.ts";
import type { RunLine } from "./run-facts.ts";
import type { ServerLine } from "./servers.ts";
import type { ActPart } from "./stack-acts.ts";

/**
 * All that tools and resources can do: each function a whole act on an opened Berth. What is heavy behind one (SSH, the
 * Engine, parsers) is loaded when it is first called. Every function throws `BerthError` for what a reader can mend.
 */
export interface Surface {
  analyses: Analyses;
  plans: Plans;
  runs: Runs;
  stacks: Stacks;
  servers: { list(): ServerLine[] };
  secrets: { request(wanted: SecretWanted, asker: Asker): Promise<SecretOutcome> };
  dialogs: Dialogs;
  /** Masks every value that a person has set here, in all of its forms. */
  scrub(text: string): string;
  /** The same as things are now, for one answer of many texts. */
  scrubber(): (text: string) => string;
  /** Changes whenever something in the store may have changed, by this or another process. */
  version(): string;
}

// --- What a source holds

export interface Analyses {
  /** Brings a source here and reads it. The same content answers at once. */
  analyze(source: string, signal: AbortSignal): Promise<AnalysisRecord>;
  /** Throws `no_such_analysis`. */
  get(id: string): AnalysisRecord;
  list(): Pick<AnalysisRecord, "id" | "source" | "created">[];
  /** The names in a folder of the source ("" is its root): folders end in `/`. */
  files(id: string, folder: string): Promise<string[]>;
  /** Lines of a file, counted from 1. Throws `no_such_file`. */
  page(id: string, path: string, from: number, lines: number): Promise<SourcePage>;
  /** Lines that hold a text, case-insensitively, in the files that the analysis reads. */
  search(id: string, text: string, most: number): Promise<SourceMatches>;
}

export interface AnalysisRecord {
  id: string;
  /** Where it came from, without credentials. */
  source: string;
  revision: string;
  analysis: Analysis;
  /** The same as a person reads it: repository text, to be treated as such. */
  text: string;
  created: string;
}

export interface SourcePage {
  path: string;
  from: number;
  /** The last line that stands in `text`, which holds so much and no more; `from - 1` where none does. */
  to: number;
  /** The file's last line. */
  total: number;
  text: string;
}

export interface SourceMatches {
  matches: { path: string; line: number; text: string }[];
  /** There were more than were asked for. */
  more: boolean;
}

// --- What shall be

export interface PlanWanted {
  /** Of an analysis; or of a plan whose analysis, server and wishes it starts from. */
  from: { analysis: string; server: string } | { plan: string };
  wishes: Wishes;
  updateImages: boolean;
}

export interface Plans {
  /** Looks at the server, makes a plan and keeps it. Throws `questions_open` and the survey's refusals. */
  propose(wanted: PlanWanted, signal: AbortSignal): Promise<PlanRecord>;
  /** The plan of a stack from its source as it is now. Throws `source_unknown`. */
  redeploy(stack: string, signal: AbortSignal): Promise<PlanRecord>;
  /** The plan of what stands, with other replicas and limits. Throws `no_such_service`. */
  scale(stack: string, services: NonNullable<Wishes["services"]>, signal: AbortSignal): Promise<PlanRecord>;
  /** By its hash, whole or by at least 8 of its first characters. Throws `no_such_plan`. */
  get(hash: string): PlanRecord;
  list(stack?: string): Pick<PlanRecord, "hash" | "stack" | "created">[];
}

export interface PlanRecord {
  hash: string;
  stack: string;
  created: string;
  plan: Plan;
  /** As a person reads it; holds text of the repository. */
  text: string;
  /** Against the plan made before it of the same stack; null where it is the first. */
  sinceLast: PlanDiff | null;
  /** Against the plan that was last applied, as this computer knows; null where none was. */
  sinceApplied: PlanDiff | null;
}

export interface PlanDiff {
  /** Hash of the other plan. */
  against: string;
  changes: Change[];
}

// --- What is done

export type { Part };

export interface Runs {
  /** What a part would do, seen by looking alone. */
  preview(plan: string, parts: readonly Part[], signal: AbortSignal): Promise<StepPreview[]>;
  /**
   * Starts these parts of a plan under a grant, or answers the run that has them already. Asks where there is no grant.
   * Throws `part_missing` where an earlier part is neither done nor holds.
   */
  start(plan: string, parts: readonly Part[], asker: Asker, signal: AbortSignal): Promise<PartOutcome>;
  /** What a run did so far. Throws `no_such_run`. */
  read(run: string, reading?: LogReading): RunReading;
  /** Waits until nobody works on it any more, at most so long; says what happens meanwhile. */
  wait(
    run: string,
    options: { ms: number; signal: AbortSignal; onStep(title: string, done: number): void },
  ): Promise<void>;
  list(stack?: string): RunLine[];
  /** Asks its worker to stop, under a grant for exactly this. Throws `not_running`. */
  cancel(run: string, asker: Asker): Promise<CancelOutcome>;
  /** Goes on under the grant that the run has. Throws `run_over`. */
  resume(run: string): Promise<void>;
  /** The plan that stood before the one that stands now. Throws `no_such_plan`. */
  earlierPlan(stack: string): string;
}

export interface StepPreview {
  id: string;
  title: string;
  effect: "read" | "change" | "spend" | "destroy";
  holds: boolean;
}

/** `steps` of the parts that were asked for: how many hold already, of how many. */
export type PartOutcome =
  | { status: "nothing_to_do"; steps: number }
  | { status: "approval_required"; request: string; expires: string; why: "unanswered" | "unable" | "passphrase" }
  | { status: "declined"; request: string }
  /** `fresh`: started by this call. */
  | { status: "run"; run: string; fresh: boolean };

/** An act on a stack is a run of its own. */
export type ActOutcome = Exclude<PartOutcome, { status: "nothing_to_do" }>;

export type CancelOutcome =
  | { status: "asked" }
  | { status: "approval_required"; request: string; expires: string; why: "unanswered" | "unable" | "passphrase" }
  | { status: "declined"; request: string };

export interface LogReading {
  /** From an earlier reading: `log.cursor` reads on, `log.older` reads what stands before. Undefined: the tail. */
  cursor?: string | undefined;
  /** Characters of log text at most. */
  chars?: number | undefined;
}

export interface RunReading {
  run: string;
  stack: string;
  /** Hash of the plan that it applies, or by which that stands to which something is done. */
  plan: string;
  parts: (Part | ActPart)[];
  state: "pending" | "running" | "done" | "failed" | "cancelled" | "interrupted" | "rolled_back";
  created: string;
  ended: string | null;
  steps: RunStep[];
  failure: { code: string; message: string; object: string; cause: string; next: string } | null;
  /** Output of the steps, in order, scrubbed when it was written; text from outside. */
  log: { text: string; cursor: string; older: string | null };
  /** What came of asking the stack's addresses while the run changed what serves them: one a taking, oldest first. */
  requests: (Figures & { line: string })[];
  /** Of a command that has ended. */
  exitCode: number | null;
  /** Addresses of the stack, once a deploy is done. */
  addresses: string[];
  /** The line to the server was lost: the worker goes on by itself as soon as it answers. */
  waitsForServer: boolean;
  /** First line of the journal that was changed from outside; null where it is intact. */
  editedLine: number | null;
}

export interface RunStep {
  id: string;
  title: string;
  state: "waiting" | "running" | "observed" | "done" | "failed" | "cancelled" | "undone";
  seconds: number | null;
}

// --- What stands

interface Stacks {
  list(): StackLine[];
  /** Throws `no_such_stack`. */
  get(name: string): StackLine;
  /** What would be lost with a stack, seen by looking alone; null where nothing is left of it. */
  loss(name: string, signal: AbortSignal): Promise<string | null>;
  /** Takes a stack away under a grant for exactly what is there, asking for one where there is none. */
  destroy(name: string, asker: Asker, signal: AbortSignal): Promise<ActOutcome | { status: "gone" }>;
  /** Runs a command beside a service, under a grant for exactly this; each time it runs takes another. */
  command(wanted: CommandWanted, asker: Asker, signal: AbortSignal): Promise<ActOutcome>;
  /** Looks at the server: what of the applied plan does not hold any more, what runs, what the address answers. */
  status(name: string, signal: AbortSignal): Promise<StackStatus>;
  /** A page of what its containers print. Throws `no_such_service`, `bad_cursor`. */
  logs(name: string, wanted: LogsPageWanted, signal: AbortSignal): Promise<LogsPage>;
}

export interface LogsPageWanted {
  /** None: all, backing services too. */
  services: readonly string[];
  /** From an earlier page: `cursor` reads on, `older` reads what stands before. Undefined: the newest lines. */
  cursor?: string | undefined;
  sinceSeconds?: number | undefined;
  /** Characters of text at most. */
  chars: number;
}

export interface LogsPage {
  /** Lines in the order of their times, each behind its time and its container: text from outside, scrubbed. */
  text: string;
  /** null: there is nothing to read on from. */
  cursor: string | null;
  older: string | null;
  /** There is more behind `cursor` already. */
  more: boolean;
  /** All that have logs. */
  services: string[];
}

/** A command, by its exact words, beside a service of a stack. */
export interface CommandWanted {
  stack: string;
  service: string;
  argv: string[];
}

export interface StackLine {
  name: string;
  server: string;
  /** Hash of the plan that stands; null where none was applied. */
  plan: string | null;
  serial: number;
  addresses: string[];
  updated: string;
}

export interface StackStatus extends StackLine {
  /** Steps of the applied plan that do not hold, by title: what applying it again would do. */
  drift: string[];
  /** What of them was changed, each thing by its name; values are never among it. */
  differences: string[];
  containers: ContainerStatus[];
  answers: { address: string; status: number | null; problem: string | null }[];
  certificates: ServedCertificate[];
  machine: ServerFigures;
}

export interface ContainerStatus {
  name: string;
  /** The service or backing service that it belongs to, and as what: service, backing, release-command, … */
  part: string;
  role: string;
  image: string;
  state: string;
  health: string | null;
  /** Why it is not well, in the words of the Engine, of its check or of its own last lines. */
  cause: string | null;
  restarts: number;
  since: string | null;
  /** Of one processor. */
  cpuPercent: number | null;
  memoryBytes: number | null;
  memoryLimitBytes: number | null;
}

// --- A person

/** Asks the person, outside the model. The server's adapter makes one for each call, of what its client declares. */
export interface Asker {
  /** As the grant's record names it: `claude-code 2.1`. */
  readonly client: string;
  ask(question: Question): Promise<Answer>;
  /** Leads the person to a page of this computer's; undefined where the client cannot. */
  open: ((page: { message: string; url: string; id: string }) => Promise<Answer>) | undefined;
}

export interface Question {
  /** Of the approval request that it is about. */
  request: string;
  /** What will be done, whole enough to be answered by. */
  message: string;
  /** The person types this word; null: yes or no. */
  typed: string | null;
}

/** `unanswered`: cancelled, or silent for too long; `unable`: the client cannot ask. Neither is a no for good. */
export type Answer = "yes" | "no" | "unanswered" | "unable";

/** Dialogs that are answered in a later call: each counts once, and only the newest of a request. */
export interface Dialogs {
  open(request: string): string;
  /** True once, for the newest dialog of this request, while the request is open. */
  take(dialog: string, request: string): boolean;
  /** Signs what a client keeps between two calls; the same in every process of this state folder. */
  readonly key: Uint8Array;
}

export interface SecretWanted {
  stack: string;
  name: string;
  /** For the person: what it is for. The model's words. */
  why: string;
}

export type SecretOutcome =
  | { status: "set"; fingerprint: string; scrubbable: boolean }
  | { status: "asked"; fingerprint: string | null }
  | { status: "declined" }
  /** The client cannot lead a person to a page: they type this command. */
  | { status: "by_hand"; command: string; fingerprint: string | null };
