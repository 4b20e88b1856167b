import type { GrantKey } from "../approval/key.ts";
import type { Machine } from "../run/machine.ts";
import type { Store } from "../store/store.ts";
import type { Config } from "./config.ts";
import type { GivenSecrets } from "./secrets.ts";

/** Berth, opened on one state folder: what every command and tool works with. */
export interface Berth {
  config: Config;
  store: Store;
  machine: Machine;
  grantKey: GrantKey;
  secrets: GivenSecrets;
}
