import type Docker from "dockerode";
import { z } from "zod";
import { type RegistryLogin, registryOf } from "../../host/docker/pull.ts";
import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";
import type { Survey } from "./schema.ts";

const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

/** The Engine that could build here; null where none answers. */
export async function surveyBuilder(engine: Docker): Promise<Survey["builder"]> {
  const info = await engine.info().catch(() => undefined);
  if (!info) return null;
  const { Architecture, ServerVersion } = z.object({ Architecture: z.string(), ServerVersion: z.string() }).parse(info);
  return { architecture: architectures[Architecture] ?? Architecture, engine: ServerVersion };
}

const Distribution = z.object({ Descriptor: z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }) });

/**
 * What a name stands for today, asked through an Engine, so that its mirrors count: `caddy:2@sha256:…`. The login of its
 * registry is looked for when it is not given without one. Throws `image_unavailable`.
 */
export async function pinImage(
  engine: Docker,
  name: string,
  loginFor: (registry: string) => Promise<RegistryLogin | undefined>,
): Promise<string> {
  const registry = registryOf(name);
  const ask = async (authconfig?: RegistryLogin & { serveraddress: string }) => {
    // Typed as what a daemon's configuration holds; the Engine wants the same words as for a pull.
    const options = { authconfig } as Docker.ImageDistributionOptions;
    return Distribution.parse(await engine.getImage(name).distribution(options));
  };
  const asked = ask().catch(async (error: unknown) => {
    const login = await loginFor(registry);
    if (!login) throw error;
    return ask({ ...login, serveraddress: registry });
  });
  try {
    return `${name}@${(await asked).Descriptor.digest}`;
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw new BerthError({
      code: "image_unavailable",
      message: `The image ${name} cannot be looked up.`,
      object: name,
      cause: clean(error instanceof Error ? error.message : String(error), 300),
      next: `Try it by hand: docker pull ${name}. Behind a mirror, name it in /etc/docker/daemon.json (registry-mirrors).`,
    });
  }
}
