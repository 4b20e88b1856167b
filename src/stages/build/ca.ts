import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { ifThere } from "../../host/docker/answers.ts";
import { untilDone } from "../../host/docker/messages.ts";
import { hashOf, sha256 } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";

/**
 * Makes the local image that Dockerfiles mount a CA bundle from (`FROM berth-ca:… AS ca`): `ca.pem`, and `apt.conf` for
 * apt over HTTPS. Mounted, never copied, so the bundle is in no layer. Times and owners are fixed: the same bundle gives
 * the same layer, and builds that mount it stay cached. Throws `ca_bundle_changed` where it is not the planned one.
 */
export async function provideCaBundle(engine: Docker, planned: string, bundle: string | undefined): Promise<void> {
  if (bundle === undefined || sha256(bundle) !== planned) throw bundleChanged(planned, bundle);
  const files = { "apt.conf": 'Acquire::https::CAInfo "/mnt/ca.pem";\n', "ca.pem": bundle };
  const name = { repo: "berth-ca", tag: planned.slice(0, 12) };
  const spec = hashOf(files);
  const found = await ifThere(engine.getImage(`${name.repo}:${name.tag}`).inspect());
  if (found?.Config.Labels?.[labels.spec] === spec) return;
  await untilDone(await engine.importImage(tarOf(files), { ...name, changes: `LABEL ${labels.spec}=${spec}` }));
}

function tarOf(files: Readonly<Record<string, string>>): Readable {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o644, mtime: new Date(0) }, content);
  tar.finalize();
  return tar as unknown as Readable;
}

const bundleChanged = (planned: string, bundle: string | undefined) =>
  new BerthError({
    code: "ca_bundle_changed",
    message: "The CA bundle for builds is not the one that was planned.",
    object: `CA bundle ${planned.slice(0, 12)}`,
    cause: bundle === undefined ? "None is configured now." : "Its file has changed since the plan was made.",
    next: "Plan again: berth up.",
  });
