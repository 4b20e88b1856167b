import { docker } from "../../../lab/engine.ts";
import type { Lab } from "../../../lab/names.ts";

/**
 * Gives an image's name to one that differs by a label alone, until `act` is over. Labs share the registry's storage: what
 * the name stood for is put back byte by byte, and the other stays there by its digest.
 */
export async function whileChanged<T>(lab: Lab, image: string, act: () => Promise<T>): Promise<T> {
  const [name = "", tag = "latest"] = image.split(":");
  const manifest = `http://${lab.registry}/v2/library/${name}/manifests/${tag}`;
  const before = await fetch(manifest, { headers: { accept: manifestTypes.join(", ") } });
  if (!before.ok) throw new Error(`the registry has no ${image}: ${before.status}`);
  const content = await before.arrayBuffer();
  const remote = `${lab.registry}/library/${image}`;
  try {
    const dockerfile = `FROM ${remote}\nLABEL changed=${Date.now()}\n`;
    await docker(lab, ["build", "--pull", "--quiet", "--tag", remote, "-"], { input: dockerfile });
    await docker(lab, ["push", "--quiet", remote]);
    return await act();
  } finally {
    await put(manifest, before.headers.get("content-type") ?? "", content);
    await docker(lab, ["rmi", "--force", remote]);
  }
}

async function put(manifest: string, type: string, body: ArrayBuffer): Promise<void> {
  const { ok, status } = await fetch(manifest, { method: "PUT", headers: { "content-type": type }, body });
  if (!ok) throw new Error(`${manifest} could not be put back: ${status}`);
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
