import { createHash } from "node:crypto";

/** A step that an undisturbed run applied, and how long it was until the next one began. */
export interface Stage {
  step: string;
  ms: number;
}

type Victim = "worker" | "command" | "sshd" | "engine";
export type Way = "berth up" | "berth resume";

/** When and whom to kill, and how to go on. */
export interface Point {
  n: number;
  /** What the server is before: on its first day, or provisioned. */
  from: "fresh" | "provisioned";
  victim: Victim;
  step: string;
  /** After the step was journalled as started; of a migration: after its first row was seen. */
  ms: number;
  /** Between a migration's first row and its second. */
  inMigration: boolean;
  next: Way;
}

/** The release command's second step: what runs in it must not run twice. */
export const migration = "stack/release-command/guestbook/run";

/** How long the migration of `source.ts` rests between its rows. */
export const migrationRestMs = 5000;

// Everybody gets a turn; where and when is drawn.
const victims: Record<Point["from"], Victim[]> = {
  fresh: ["worker", "sshd", "command"],
  provisioned: ["worker", "sshd", "engine", "command", "worker", "sshd", "worker"],
};

/**
 * The points of a seed: the same seed and steps give the same ones, and more of them begin with the fewer. Three of ten lie
 * in provision, and the second of every twenty within the migration.
 */
export function pointsOf(seed: number, count: number, stages: readonly Stage[]): Point[] {
  const turns = { fresh: 0, provisioned: 0 };
  return Array.from({ length: count }, (_, index): Point => {
    const n = index + 1;
    const draw = <T>(what: string, among: readonly T[]): T =>
      among[Math.floor(fraction(seed, n, what) * among.length)] as T;
    const from = [1, 4, 7].includes(n % 10) ? "fresh" : "provisioned";
    const inMigration = n % 20 === 2;
    const turn = victims[from][turns[from]++ % victims[from].length] as Victim;
    // A migration does not need the Engine that builds.
    const victim = inMigration ? draw("victim", victims.fresh) : turn;
    const { step, ms } = inMigration
      ? { step: migration, ms: migrationRestMs / 2 }
      : draw(
          "step",
          stages.filter(({ step }) => meets(step, from, victim)),
        );
    const within = Math.round(fraction(seed, n, "time") * ms);
    return { n, from, victim, step, ms: within, inMigration, next: draw("next", ["berth up", "berth resume"]) };
  });
}

/** Provision is killed on a fresh server alone, and the Engine that builds only while it is needed. */
function meets(step: string, from: Point["from"], victim: Victim): boolean {
  if (from === "fresh" || step.startsWith("server/")) return from === "fresh" && step.startsWith("server/");
  return victim !== "engine" || builds(step);
}

/** Whether the step needs the Engine that builds. */
export const builds = (step: string): boolean => /^(build|transfer)\./.test(step);

/** At least 0, below 1. */
const fraction = (seed: number, n: number, what: string): number =>
  createHash("sha256").update(`${seed} ${n} ${what}`).digest().readUInt32BE() / 2 ** 32;

/** As a line of the report. */
export const describePoint = ({ n, from, victim, step, ms, inMigration, next }: Point): string =>
  `${n}: from ${from}, ${victim} killed ${ms} ms ${inMigration ? "after the first row of" : "into"} ${step}, then ${next}`;
