import { beforeAll, describe, expect, test } from "vitest";
import { ensureBase, originOf } from "../../lab/bases.ts";
import { attemptDocker, docker } from "../../lab/engine.ts";
import type { Lab } from "../../lab/names.ts";

/** How an image is configured. */
export interface Configuration {
  image: string;
  env?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  directory?: string;
  command: string[];
  entrypoint?: string[];
}

/** `docker run --rm ARGS` prints what matches, and ends so (0). */
export type Behaviour = [what: string, args: string[], prints: RegExp, exit?: number];

/** What deployments rely on in the images whose names the lab's stand-ins bear. The official images pass it, too. */
export function holdsContract(lab: Lab, configurations: Configuration[], behaviours: Behaviour[]): void {
  beforeAll(async () => {
    for (const { image } of configurations) await ensureBase(lab, image);
  });

  describe.each(configurations)(
    "$image",
    ({ image, env = {}, volumes = [], ports = [], directory, command, entrypoint }) => {
      test("is configured as its namesake", async () => {
        await docker(lab, ["pull", "--quiet", image]);
        const [{ Config: config }] = JSON.parse(await docker(lab, ["image", "inspect", image]));
        expect(config.Env).toEqual(
          expect.arrayContaining(Object.entries(env).map(([name, value]) => `${name}=${value}`)),
        );
        expect(Object.keys(config.Volumes ?? {})).toEqual(volumes);
        expect(Object.keys(config.ExposedPorts ?? {}).sort()).toEqual([...ports].sort());
        expect(config.WorkingDir || "/").toBe(directory ?? "/");
        expect(config.User).toBe("");
        expect(config.Cmd).toEqual(command);
        expect(config.Entrypoint ?? undefined).toEqual(entrypoint);
      });

      test("says so where it stands in for the official one", async () => {
        const label = ["image", "inspect", "--format", '{{index .Config.Labels "dev.berth.lab.stand-in"}}', image];
        expect(await docker(lab, label)).toBe((await originOf(lab, image)) === "stand-in" ? "true" : "");
      });
    },
  );

  test.each(behaviours)("%s", async (_, args, prints, exit = 0) => {
    const { code, stdout, stderr } = await attemptDocker(lab, ["run", "--rm", ...args], { timeoutMs: 60_000 });
    expect(`${stdout}${stderr}`.trim()).toMatch(prints);
    expect(code).toBe(exit);
  });
}
