import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grantKey } from "../approval/key.ts";
import { thisMachine } from "../run/machine.ts";
import { openStore } from "../store/open.ts";
import type { Berth } from "./berth.ts";
import { type Config, defaultAcmeDirectory } from "./config.ts";
import { givenSecrets } from "./secrets.ts";

/** Berth, opened on a state folder of its own: for tests. Nothing in its configuration leads to a server or an Engine. */
export function openedBerth(change: Partial<Config> = {}): Berth & { remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "berth-services-"));
  const home = join(root, "home");
  const store = openStore(home);
  const config: Config = {
    home,
    env: { PATH: "/usr/bin:/bin", HOME: root, USER: "tester", DOCKER_HOST: `unix://${root}/none.sock` },
    version: "0.0.1",
    workerCommand: ["false"],
    acme: { directory: defaultAcmeDirectory, email: null, trust: null },
    trustedRoots: [],
    caBundle: undefined,
    identityFile: undefined,
    allowPrivateAddresses: true,
    elicitation: "accept",
    ...change,
  };
  const remove = () => {
    store.close();
    rmSync(root, { recursive: true });
  };
  return { config, store, machine: thisMachine(), grantKey: grantKey(home), secrets: givenSecrets(store), remove };
}
