import { createReadStream } from "node:fs";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type Docker from "dockerode";
import { type Pack, pack } from "tar-stream";
import { untilDone } from "../../host/docker/messages.ts";
import type { ImageArchive } from "./archive.ts";
import { referenceOf } from "./images.ts";
import type { Sent, Transfer } from "./pull-from-here.ts";

/**
 * The way where sshd forwards no ports: an archive for `docker load` that names all layers and holds those that the
 * server lacks. An Engine that keeps its images in containerd wants them all. A cut line means all of it again.
 */
export async function loadMissing({ server, name, archive, there, ctx }: Omit<Transfer, "token">): Promise<Sent> {
  const skip = (await keepsImagesInContainerd(server)) ? new Set<string>() : there;
  const missing = archive.layers.filter(({ digest }) => !skip.has(digest));
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const tar = archiveOf(archive, missing, referenceOf(name));
  const sending = pipeline(tar, createGzip({ level: 3 }), count);
  const loading = server.loadImage(count, { abortSignal: ctx.signal }).then((answer) => untilDone(answer));
  await Promise.all([sending, loading]);
  return { bytes, layers: missing.length };
}

async function keepsImagesInContainerd(engine: Docker): Promise<boolean> {
  const { DriverStatus } = (await engine.info()) as { DriverStatus: [string, string][] | null };
  return (DriverStatus ?? []).some(([key, value]) => key === "driver-type" && value.startsWith("io.containerd"));
}

/** The form that every Engine loads: manifest.json, the configuration, one file a layer. */
function archiveOf({ config, layers }: ImageArchive, missing: ImageArchive["layers"], reference: string): Readable {
  const tar = pack();
  const pathOf = (digest: string) => `${digest.replace("sha256:", "")}/layer.tar`;
  const manifest = [
    { Config: "config.json", RepoTags: [reference], Layers: layers.map(({ digest }) => pathOf(digest)) },
  ];
  const write = async () => {
    tar.entry({ name: "manifest.json" }, JSON.stringify(manifest));
    tar.entry({ name: "config.json" }, config);
    for (const { digest, file, size } of missing) await addFile(tar, pathOf(digest), file, size);
    tar.finalize();
  };
  write().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  return tar as unknown as Readable;
}

const addFile = (tar: Pack, name: string, file: string, size: number) =>
  pipeline(createReadStream(file), tar.entry({ name, size }));
