import { z } from "zod";
import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";

export const daemonFile = "/etc/docker/daemon.json";

const Json = z.record(z.string(), z.unknown());

/**
 * The Engine's settings with ours merged in; every other key keeps its value, and a person's own log limits, log driver and
 * limits of the build cache stay. Settings that already say it come back byte for byte. `swarm`: the Engine is part of one, and such an Engine does
 * not start with live-restore. Throws `daemon_json_invalid`.
 */
export function daemonSettings(current: string | null, { swarm }: { swarm: boolean }): string {
  const settings = parse(current);
  const driver = settings["log-driver"] ?? "json-file";
  const wanted: Record<string, unknown> = swarm ? { ...settings } : { ...settings, "live-restore": true };
  // Other drivers (journald, syslog, …) know no such limits: the Engine would refuse to start a container.
  if (driver === "json-file" || driver === "local") {
    wanted["log-driver"] = driver;
    wanted["log-opts"] = { "max-size": "10m", "max-file": "3", ...Json.optional().parse(settings["log-opts"]) };
  }
  const builder = Json.optional().parse(settings["builder"]) ?? {};
  // Nobody can tell whose an entry of the build cache is, so the Engine itself bounds it: to a tenth of the disk, as newer
  // Engines do by default.
  if (builder["gc"] === undefined) wanted["builder"] = { ...builder, gc: { enabled: true } };
  if (current !== null && JSON.stringify(wanted) === JSON.stringify(settings)) return current;
  return `${JSON.stringify(wanted, null, 2)}\n`;
}

function parse(current: string | null): Record<string, unknown> {
  if (current === null || current.trim() === "") return {};
  try {
    const settings = Json.parse(JSON.parse(current));
    for (const key of ["log-opts", "builder"]) Json.optional().parse(settings[key]);
    return settings;
  } catch (error) {
    throw new BerthError({
      code: "daemon_json_invalid",
      message: "The Docker Engine's settings on the server are not valid, so they are left as they are.",
      object: daemonFile,
      cause: clean(error instanceof Error ? error.message : String(error), 300),
      next: `Correct the file on the server (dockerd --validate --config-file ${daemonFile} says where), or move it away.`,
    });
  }
}
