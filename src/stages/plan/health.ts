import type { Service as AnalysedService } from "../analysis/schema.ts";
import type { Service } from "./schema.ts";
import type { Wishes } from "./wishes.ts";

/** How long staying up is watched of what can be asked nothing. */
const stayingUpSeconds = 10;
const usualSeconds = 60;

/** By what a new version of a service is known to be well. */
export function planHealth(
  { health_path, health_command, evidence }: AnalysedService,
  port: number | null,
  { healthPath, healthSeconds }: Partial<Pick<Wishes, "healthPath" | "healthSeconds">>,
): Service["health"] {
  const timeoutSeconds = healthSeconds ?? (port === null && health_command === null ? stayingUpSeconds : usualSeconds);
  if (healthPath && port !== null) return { path: healthPath, command: null, timeoutSeconds, why: "wished" };
  const path = port === null ? null : health_path;
  const at = evidence[path === null ? "health_command" : "health_path"]?.[0];
  const found = at ? `${at.file}:${at.line}` : "found in the source";
  const why = path !== null || health_command !== null ? found : nothingAsked(port);
  return { path, command: health_command, timeoutSeconds, why };
}

const nothingAsked = (port: number | null) =>
  port === null ? "it listens nowhere, so staying up has to do" : "no health path was found, so an open port has to do";
