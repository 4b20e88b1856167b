import { grantKey } from "./approval/key.ts";
import { thisMachine } from "./run/machine.ts";
import type { Berth } from "./services/berth.ts";
import type { Config } from "./services/config.ts";
import { givenSecrets } from "./services/secrets.ts";
import { openStore } from "./store/open.ts";

/** The composition root: opens Berth on the state folder that the configuration names. Throws the store's errors. */
export function openBerth(config: Config): Berth & { close(): void } {
  const store = openStore(config.home);
  return {
    config,
    store,
    machine: thisMachine(),
    grantKey: grantKey(config.home),
    secrets: givenSecrets(store),
    close: () => store.close(),
  };
}
