import { localEngine } from "../host/engine.ts";
import { cleanLine } from "../kit/text.ts";
import type { Config } from "./config.ts";

/** What answers as this machine's Docker Engine. Throws `engine_unreachable`. */
export async function engineHere(env: Config["env"]): Promise<{ version: string; architecture: string }> {
  const engine = await localEngine({ dockerHost: env["DOCKER_HOST"] });
  const { Version, Arch } = await engine.version();
  return { version: cleanLine(Version), architecture: cleanLine(Arch) };
}
