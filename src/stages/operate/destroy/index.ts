import type { StepCall } from "../../../run/step.ts";
import type { Plan } from "../../plan/schema.ts";
import { removeContainers } from "./containers.ts";
import { removeFiles, removeRecord } from "./files.ts";
import { removeImages } from "./images.ts";
import { removeNetworks } from "./network.ts";
import { removeRoutes } from "./routes.ts";
import { removeVolume } from "./volume.ts";

export const destroySteps = [
  removeRoutes,
  removeContainers,
  removeNetworks,
  removeVolume,
  removeImages,
  removeFiles,
  removeRecord,
];

/** A volume of the stack as the person who approves is told of it. */
export interface NamedVolume {
  name: string;
  holds: string;
}

/** The last step of all: a run that has begun it may have taken away what its approval rests on. */
export const recordsGone = "destroy/record";

/** Takes a stack away: first what visitors reach, the data only when nothing uses it any more, and the record last. */
export function destroyCalls({ stack, proxy, tls, routes }: Plan, volumes: readonly NamedVolume[]): StepCall[] {
  const hosts = [...new Set(routes.map(({ host }) => host))];
  return [
    removeRoutes("destroy/routes", { stack, hosts, proxy, tls }),
    removeContainers("destroy/containers", { stack }),
    removeNetworks("destroy/network", { stack }),
    ...volumes.map(({ name, holds }) => removeVolume(`destroy/volume/${name}`, { stack, name, holds })),
    removeImages("destroy/images", { stack }),
    removeFiles("destroy/files", { stack, proxy }),
  ];
}

export const recordCalls = ({ stack }: Plan): StepCall[] => [removeRecord(recordsGone, { stack })];
