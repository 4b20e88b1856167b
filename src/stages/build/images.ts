import type Docker from "dockerode";
import type { ImageInspectInfo } from "dockerode";
import { ifThere } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";

/** What an image of ours is known by on an Engine. */
export interface ImageName {
  stack: string;
  service: string;
  repository: string;
  tag: string;
}

export const referenceOf = ({ repository, tag }: ImageName): string => `${repository}:${tag}`;

/** Labels in the image's configuration: cleaning up, and knowing our images from others', goes by them. */
export const imageLabels = ({ stack, service }: Pick<ImageName, "stack" | "service">) => ({
  [labels.stack]: stack,
  [labels.service]: service,
});

/**
 * The image that an Engine has under the planned name; undefined where there is none, or one that is not ours. The tag is
 * the hash of all that goes in and is given only to a verified image, so having it is being it.
 */
export async function ownImage(engine: Docker | undefined, name: ImageName): Promise<ImageInspectInfo | undefined> {
  const image = engine && (await ifThere(engine.getImage(referenceOf(name)).inspect()));
  const found = image?.Config.Labels ?? {};
  return Object.entries(imageLabels(name)).every(([label, value]) => found[label] === value) ? image : undefined;
}

/** The server's Engine; undefined where there is none yet, since such a server observes as empty. */
export async function serverEngine({ host }: StageContext): Promise<Docker | undefined> {
  try {
    return await host.engine();
  } catch (error) {
    if (error instanceof BerthError && error.code === "engine_unreachable") return undefined;
    throw error;
  }
}
