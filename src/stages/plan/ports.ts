import type { Service as AnalysedService } from "../analysis/schema.ts";
import { recipeFor } from "./recipes/index.ts";
import type { Wishes } from "./wishes.ts";

/** What is not asked for anything by visitors, unless it says where it listens. */
const silent: readonly AnalysedService["kind"][] = ["worker", "cron", "job"];

/** Whether a service answers on a port, known or still to be said. */
export const listens = ({ image, kind, port }: AnalysedService): boolean =>
  port !== null || (image === null && !silent.includes(kind));

/**
 * Who sets the variable that moves the port, or PORT where the code shows none, says where the service listens. PORT alone is
 * a word about the service that the stack's address leads to, and about one whose port nobody knows.
 */
export function wishedPort(
  { port, port_env }: AnalysedService,
  { env }: Pick<Wishes, "env">,
  isMain: boolean,
): number | undefined {
  const name = port_env ?? "PORT";
  if (name === "PORT" && !isMain && port !== null) return undefined;
  const wished = Number(env[name]);
  return Number.isInteger(wished) && wished > 0 && wished < 65536 ? wished : undefined;
}

/** What a framework listens on that nobody tells another port. */
const usual = 3000;

/** Where a service listens; null where it does not. */
export function portOf(service: AnalysedService, wishes: Pick<Wishes, "env">, isMain: boolean): number | null {
  if (!listens(service)) return null;
  const fixed = service.image === null ? recipeFor(service).port : service.port;
  return fixed ?? wishedPort(service, wishes, isMain) ?? service.port ?? usual;
}
