import type Docker from "dockerode";
import { ifThere } from "../../host/docker/answers.ts";
import { untilDone } from "../../host/docker/messages.ts";
import type { StageContext } from "../context.ts";
import type { ImageArchive } from "./archive.ts";
import { type ImageName, imageLabels } from "./images.ts";
import { partCounts } from "./missing.ts";
import { partManifest, registryUser, serveImage } from "./registry.ts";

export interface Transfer {
  server: Docker;
  name: ImageName;
  archive: ImageArchive;
  /** Layers that the server has, by digest. */
  there: ReadonlySet<string>;
  /** Made for this session: every local user of the server can reach the port, and one may have listened there before. */
  token: string;
  ctx: Pick<StageContext, "host" | "log" | "signal">;
}

/** Bytes of layers and configuration as they went over the line. */
export interface Sent {
  bytes: number;
  layers: number;
}

/**
 * Lets the server's Engine pull from us: we answer as a registry on a port of its loopback that leads here. It pulls by
 * digest, so nobody can slip it anything else, then the planned tag is given and the reference to us is removed. Throws
 * `forward_refused` where the server forwards no ports.
 */
export async function pullFromHere({ server, name, archive, there, token, ctx }: Transfer): Promise<Sent> {
  const parts = partCounts(archive.layers, there).map((count) => partManifest(archive, count));
  const registry = serveImage(archive.layers, parts, token);
  const forward = await ctx.host.forwardIn(0, (stream) => void registry.server.emit("connection", stream));
  const repository = `127.0.0.1:${forward.port}/${name.repository}`;
  try {
    for (const [index, { digest }] of parts.entries()) {
      if (parts.length > 1) ctx.log(`part ${index + 1} of ${parts.length}\n`);
      await pull(server, repository, digest, token, ctx);
    }
    const whole = parts.at(-1)?.digest ?? "";
    await server.getImage(`${repository}@${whole}`).tag({ repo: name.repository, tag: name.tag });
    await removeReferences(server, name);
    return registry.sent();
  } finally {
    registry.server.closeAllConnections();
    await forward.close();
  }
}

async function pull(server: Docker, repository: string, digest: string, token: string, ctx: Transfer["ctx"]) {
  const login = { username: registryUser, password: token };
  const options = { fromImage: repository, tag: digest, abortSignal: ctx.signal };
  await untilDone(await server.createImage(login, options));
}

/**
 * References of pulls from us, of earlier ones that were cut off too: they keep layers until the image is whole, and say
 * nothing to anybody afterwards. An Engine that keeps images in containerd counts them among the tags.
 */
async function removeReferences(server: Docker, { repository, stack, service }: ImageName): Promise<void> {
  const isOurs = (reference: string) => /^127\.0\.0\.1:\d+\//.test(reference) && reference.includes(`/${repository}@`);
  const label = Object.entries(imageLabels({ stack, service })).map(([key, value]) => `${key}=${value}`);
  for (const { RepoDigests, RepoTags } of await server.listImages({ filters: { label } })) {
    const references = new Set([...(RepoDigests ?? []), ...(RepoTags ?? [])].filter(isOurs));
    for (const reference of references) await ifThere(server.getImage(reference).remove());
  }
}
