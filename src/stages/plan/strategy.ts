import { BerthError } from "../../kit/error.ts";
import type { Service as AnalysedService } from "../analysis/schema.ts";
import type { Published, Service } from "./schema.ts";

interface StrategyInput {
  wished: Service["strategy"]["kind"] | undefined;
  replicas: number;
  published: readonly Published[];
  /** Why no two may write at once; null: they may. */
  alone: string | null;
}

/**
 * Whether a new version begins beside the old one. Throws `impossible_wish` where two at once are wished of what cannot run
 * twice.
 */
export function planStrategy(service: AnalysedService, input: StrategyInput): Service["strategy"] {
  const { wished, replicas } = input;
  const single = onlyOne(service, input);
  if (single === null) {
    if (wished !== undefined) return { kind: wished, why: "wished" };
    return { kind: "overlap", why: "the old version answers until the new one is healthy" };
  }
  if (replicas > 1) throw impossible(service.name, `${replicas} replicas of ${service.name} cannot run`, single);
  if (wished === "overlap") throw impossible(service.name, `Two versions of ${service.name} cannot overlap`, single);
  return { kind: "stop-first", why: single };
}

/** Why no second container of it may run beside the first; null: it may. */
function onlyOne({ kind }: AnalysedService, { published: [port], alone }: StrategyInput): string | null {
  if (alone !== null) return alone;
  if (port) return `one container alone can have the server's port ${port.hostPort}/${port.protocol}`;
  return kind === "cron" ? "two of a schedule would do its work twice" : null;
}

const impossible = (object: string, message: string, cause: string) =>
  new BerthError({
    code: "impossible_wish",
    message: `${message}.`,
    object,
    cause: `${cause.charAt(0).toUpperCase()}${cause.slice(1)}.`,
    next: "Leave this wish out, or wish one replica and stop-first.",
  });
