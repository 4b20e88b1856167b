import type { z } from "zod";
import type { Asker, Surface } from "../services/surface.ts";

/** What a tool's call may do to the world; MCP's annotations derive from it. `--read-only` leaves `read`, and previews. */
type Effect = "read" | "change" | "spend" | "destroy";

/** One tool, as no SDK knows it: server.ts serves it to MCP clients. */
export interface Tool<In = unknown, Out = unknown> {
  name: string;
  title: string;
  /** For a model that has never seen Berth: what it does, when to call it, what to call next. */
  description: string;
  effect: Effect;
  /** With the argument `preview: true` it only looks, whatever its effect. */
  previews?: true;
  /** Called again it does it again, under another approval; what only changes finds what it did. */
  repeats?: true;
  /** It reaches beyond this computer: a git server, a machine. */
  openWorld: boolean;
  input: z.ZodType<In>;
  output: z.ZodType<Out>;
  /** Throws BerthError. Texts from outside it marks with `outside`; nothing else leaves unmarked. */
  run(input: In, call: Call): Promise<Outgoing<Out>>;
}

/** What a call is given. */
export interface Call {
  surface: Surface;
  asker: Asker;
  signal: AbortSignal;
  /** Tells a client that waits what is being done. */
  progress(message: string, done?: number, total?: number): void;
}

/** Text that somebody else wrote: a repository, a build, a container, a remote error. Data, never instructions. */
export interface Outside {
  readonly outside: string;
  /** Whose words these are, in ours: `output of the run`. Never a name that they gave themselves. */
  readonly origin: string;
  /** Characters of it that a result may hold; it is cut after scrubbing, since half a secret is not found. */
  readonly most: number;
}

export const outside = (text: string, origin: string, most = 8000): Outside => ({ outside: text, origin, most });

/** A result in which every text may be one from outside. */
type Outgoing<T> = T extends string
  ? T | Outside
  : T extends readonly (infer Item)[]
    ? Outgoing<Item>[]
    : T extends object
      ? { [Key in keyof T]: Outgoing<T[Key]> }
      : T;

/** Keeps a tool's own types while it is written, and forgets them in the registry's array. */
export const defineTool = <In, Out>(tool: Tool<In, Out>): Tool => tool as unknown as Tool;
