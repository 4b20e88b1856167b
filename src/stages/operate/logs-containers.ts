import type Docker from "dockerode";
import { labels } from "../../kit/layout.ts";
import { cleanLine } from "../../kit/text.ts";

/** A container that has a log to read. */
export interface Logged {
  id: string;
  /** Of the container, on the server. */
  name: string;
  /** The service or backing service that it belongs to. */
  service: string;
  /** As people know it: `web`, `web/2` where several run, `web (failed)`. */
  title: string;
  /** It may write at any time. */
  live: boolean;
}

const roles = ["service", "backing", "release-command"];

/** The containers of a stack that have a log, stopped ones too, oldest first. `services`: of these alone; none: of all. */
export async function loggedContainers(
  engine: Docker,
  stack: string,
  services: readonly string[] = [],
): Promise<Logged[]> {
  const found = await engine.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`] } });
  const ours = found
    .filter(({ Labels }) => roles.includes(Labels[labels.role] ?? ""))
    .toSorted((a, b) => a.Created - b.Created)
    .map(({ Id, Names, Labels, State }) => ({
      id: Id,
      name: cleanLine((Names[0] ?? Id).replace(/^\//, ""), 100),
      service: cleanLine(Labels[labels.service] ?? "", 60),
      role: Labels[labels.role] ?? "",
      live: !["exited", "dead", "created"].includes(State),
    }));
  return titled(ours).filter(({ service }) => services.length === 0 || services.includes(service));
}

type Named = Omit<Logged, "title"> & { role: string };

/** Pure. A number where there are several of one release, since their names tell them apart by a hash alone. */
export function titled(containers: readonly Named[]): Logged[] {
  const numbers = containers.map(({ name }) => Number(/-[0-9a-f]{8}(?:-(\d+))?$/.exec(name)?.[1] ?? 1));
  return containers.map(({ id, name, service, role, live }, n) => {
    const several = containers.some((other, m) => other.service === service && (numbers[m] ?? 1) > 1);
    const title = `${service}${several && role === "service" ? `/${numbers[n]}` : ""}${kindOf(name, role)}`;
    return { id, name, service, title, live };
  });
}

function kindOf(name: string, role: string): string {
  if (role === "release-command") return " (release)";
  return name.endsWith("-failed") ? " (failed)" : "";
}
