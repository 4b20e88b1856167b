import type Docker from "dockerode";
import { BerthError } from "../../kit/error.ts";

/** An image of another architecture is refused before a byte of it is sent: it would start nowhere there. */
export async function checkArchitecture(server: Docker, image: string, built: string, name: string): Promise<void> {
  const { Arch } = await server.version();
  if (built !== Arch) throw architectureMismatch(image, built, Arch, name);
}

export const architectureMismatch = (image: string, built: string, wanted: string, where: string) =>
  new BerthError({
    code: "architecture_mismatch",
    message: `The image ${image} is built for ${built}, and ${where} is ${wanted}.`,
    object: image,
    cause: "The Engine that builds, or a base image, has another architecture than the server.",
    next: "Plan again, so that it is built on the server: berth up.",
  });
