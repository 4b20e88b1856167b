import { docker } from "../../lab/engine.ts";
import type { Lab } from "../../lab/names.ts";

// What building the guestbook leaves on the Engine that builds.

const lines = async (lab: Lab, ...args: string[]) => (await docker(lab, args)).split("\n").filter(Boolean);

/** Takes away what was built before, which would be found and not built; of the steps within too, where it shall take its time. */
export async function forgetBuilds(lab: Lab, { steps = false } = {}): Promise<void> {
  const built = await lines(lab, "image", "ls", "--quiet", "berth/guestbook");
  if (built.length > 0) await docker(lab, ["rmi", "--force", ...built]);
  if (steps) await docker(lab, ["builder", "prune", "--all", "--force"]);
}

/** The names of what was made only to try an image, and of the images. */
export async function leftByBuilds(lab: Lab): Promise<{ trials: string[]; images: string[] }> {
  const trial = ["--filter", "label=dev.berth.trial", "--format"];
  return {
    trials: [
      ...(await lines(lab, "ps", "--all", ...trial, "{{.Names}}")),
      ...(await lines(lab, "network", "ls", ...trial, "{{.Name}}")),
    ],
    images: await lines(lab, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "berth/guestbook"),
  };
}
