import { partName, paths } from "../../kit/layout.ts";

/** Names on the server, all fixed when the plan is made: whoever comes after a crash finds what was begun. */
export const serviceContainer = (stack: string, service: string, spec: string, replica = 1): string =>
  `${partName(stack, service)}-${spec.slice(0, 8)}${replica === 1 ? "" : `-${replica}`}`;

/** Whatever serves and is not as planned makes room for its successor under this name. */
export const beforeName = (container: string): string => `${container}-before`;

/** At most one a service: the last release that did not become healthy, stopped, kept for its logs. */
export const failedContainer = (stack: string, service: string): string => `${partName(stack, service)}-failed`;

export const backingContainer = (stack: string, backing: string): string => `${stack}-${backing}`;

export const releaseContainer = (stack: string, service: string, release: string): string =>
  `${partName(stack, service)}-release-${release}`;

export const environmentFile = (stack: string, release: string, part: string): string =>
  `${paths.release(stack, release)}/${part}.env`;
