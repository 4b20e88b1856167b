import { createHash } from "node:crypto";

/** A step that an undisturbed run applied, and how long it was until the next one began. */
export interface Stage {
  step: string;
  ms: number;
}

type Victim = "worker" | "command" | "sshd" | "engine";
export type Way = "berth up" | "berth resume";

/** Which part of which `up` is disturbed: the first on a server's first day, what follows on a provisioned one, a second release. */
type Part = "provision" | "deploy" | "release";
/** What undisturbed runs applied in each part, in order. */
export type Stages = Record<Part, readonly Stage[]>;

/** When and whom to kill, and how to go on. */
export interface Point {
  n: number;
  victim: Victim;
  step: string;
  /** After the step was journalled as started; of a migration: after its first row was seen. */
  ms: number;
  /** Between a migration's first row and its second. */
  inMigration: boolean;
  next: Way;
}

/** The points of one `up`, in the order of its steps. */
export interface Group {
  name: string;
  part: Part;
  points: Point[];
  /** Which draw it is: points whose moment never came are drawn again, for one more `up`. */
  draw: number;
}

/** The release command's second step: what runs in it must not run twice. */
export const migration = "stack/release-command/guestbook/run";

/** How long the migration of `source.ts` rests between its rows. */
export const migrationRestMs = 5000;

// Everybody gets a turn; where and when is drawn.
const turns: Record<Part, readonly Victim[]> = {
  provision: ["worker", "sshd", "command"],
  deploy: ["worker", "sshd", "engine", "command", "worker", "sshd", "worker"],
  release: ["worker", "engine", "sshd", "command"],
};

/** The ups of each twenty points: the first point belongs to the first of them, the second to the second, and so on. */
const hand: readonly Part[] = ["provision", "deploy", "deploy", "release"];
const order = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 0] as const;
/** This one of each twenty lies within the migration. */
const inMigrationAt = 2;

/** The names of the groups that so many points make: known before the steps are. */
export const groupNames = (count: number): string[] => [
  ...new Set(Array.from({ length: count }, (_, index) => nameOf(index + 1))),
];

const nameOf = (n: number) => `${Math.ceil(n / order.length)}.${placeOf(n) + 1} ${partOf(n)}`;
const placeOf = (n: number) => order[(n - 1) % order.length] ?? 0;
const partOf = (n: number): Part => hand[placeOf(n)] ?? "deploy";

/** The groups of a seed: the same seed and steps give the same ones, and more points begin with the fewer. */
export function groupsOf(seed: number, count: number, stages: Stages): Group[] {
  const groups = new Map(groupNames(count).map((name): [string, Group] => [name, emptyGroup(name)]));
  const had: Record<Part, number> = { provision: 0, deploy: 0, release: 0 };
  for (let n = 1; n <= count; n++) {
    const group = groups.get(nameOf(n)) as Group;
    const { part } = group;
    const victim = turns[part][had[part]++ % turns[part].length] as Victim;
    group.points.push(pointOf(seed, group, { n, victim, inMigration: n % order.length === inMigrationAt }, stages));
  }
  return [...groups.values()].map((group) => inOrder(group, stages));
}

const emptyGroup = (name: string): Group => ({
  name,
  part: hand[Number(/\.(\d)/.exec(name)?.[1]) - 1] ?? "deploy",
  points: [],
  draw: 1,
});

/** The points whose moment never came, drawn anew: the same victims at other steps. */
export function drawnAgain(seed: number, { name, part, draw }: Group, missed: readonly Point[], stages: Stages): Group {
  const group: Group = { name, part, points: [], draw: draw + 1 };
  for (const point of missed) group.points.push(pointOf(seed, group, point, stages));
  return inOrder(group, stages);
}

type Begun = Pick<Point, "n" | "victim" | "inMigration">;

function pointOf(seed: number, { part, draw, points }: Group, begun: Begun, stages: Stages): Point {
  const { n, inMigration } = begun;
  const fraction = (what: string) => fractionOf(`${seed} ${n} ${draw} ${what}`);
  const among = <T>(what: string, all: readonly T[]): T => all[Math.floor(fraction(what) * all.length)] as T;
  // A migration does not need the Engine that builds.
  const victim = inMigration ? among("victim", turns.provision) : begun.victim;
  const meets = stages[part].filter(({ step }) => victim !== "engine" || builds(step));
  const free = meets.filter(({ step }) => points.every((point) => point.step !== step));
  const { step, ms } = inMigration
    ? { step: migration, ms: migrationRestMs / 2 }
    : among("step", free.length > 0 ? free : meets);
  return {
    n,
    victim,
    step,
    ms: Math.round(fraction("time") * ms),
    inMigration,
    next: among("next", ["berth up", "berth resume"]),
  };
}

function inOrder(group: Group, stages: Stages): Group {
  const rank = ({ step }: Point) => stages[group.part].findIndex((stage) => stage.step === step);
  return { ...group, points: group.points.toSorted((a, b) => rank(a) - rank(b) || a.ms - b.ms) };
}

/** Whether the step needs the Engine that builds. */
export const builds = (step: string): boolean => /^(build|transfer)\./.test(step);

/** At least 0, below 1. */
const fractionOf = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE() / 2 ** 32;

/** As a line of the report. */
export const describePoint = ({ n, victim, step, ms, inMigration, next }: Point): string =>
  `${n}: ${victim} killed ${ms} ms ${inMigration ? "after the first row of" : "into"} ${step}, then ${next}`;
