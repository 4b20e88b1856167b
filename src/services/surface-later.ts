import type { Surface } from "./surface.ts";

type Group = "analyses" | "plans" | "runs" | "stacks" | "servers" | "secrets";

/**
 * The surface of a state folder that could not be opened: each use tries again, and fails with why. A client keeps its server
 * for days; what is wrong with the folder is said by the calls, and mended under it.
 */
export function surfaceLater(open: () => Surface): Surface {
  let surface: Surface | undefined;
  const opened = () => (surface ??= open());
  const later = <G extends Group>(group: G): Surface[G] =>
    new Proxy({} as Surface[G], {
      get:
        (_none, name) =>
        (...given: unknown[]) => {
          const its = opened()[group];
          return Reflect.apply(Reflect.get(its, name) as (...all: unknown[]) => unknown, its, given);
        },
    });
  return {
    analyses: later("analyses"),
    plans: later("plans"),
    runs: later("runs"),
    stacks: later("stacks"),
    servers: later("servers"),
    secrets: later("secrets"),
    dialogs: {
      open: (request) => opened().dialogs.open(request),
      take: (dialog, request) => opened().dialogs.take(dialog, request),
      get key() {
        return opened().dialogs.key;
      },
    },
    // Nothing was read of the folder so far, so nothing of it can be said.
    scrub: (text) => surface?.scrub(text) ?? text,
    scrubber: () => surface?.scrubber() ?? ((text) => text),
    version: () => opened().version(),
  };
}
