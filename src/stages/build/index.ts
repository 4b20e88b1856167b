import type { StepCall } from "../../run/step.ts";
import type { Plan } from "../plan/schema.ts";
import { buildImage, type ImageInput } from "./image.ts";
import { transferImage } from "./transfer.ts";

/** The steps of the build, by kind. */
export const buildSteps = [buildImage, transferImage];

/** Every image is built and verified before the first is sent: a build that fails leaves the server as it is. */
export const buildCalls = (plan: Plan): StepCall[] => [
  ...plan.images.map((image) => buildImage(`build.${image.service}`, inputOf(plan, image))),
  ...plan.images.map(({ service, repository, tag }) =>
    transferImage(`transfer.${service}`, { stack: plan.stack, service, repository, tag }),
  ),
];

function inputOf(
  { stack, services, backing, secrets, server, build }: Plan,
  image: Plan["images"][number],
): ImageInput {
  return {
    stack,
    image,
    services: services.filter((service) => service.image === `${image.repository}:${image.tag}`),
    backing,
    secrets,
    releasing: services.filter(({ releaseCommand }) => releaseCommand !== null).map(({ name }) => name),
    architecture: server.architecture,
    caBundle: build.caBundle,
  };
}
