import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { searchLayers } from "./search.ts";

const secret = "canary-7f3a-9c1e-value";
const caBundle = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".repeat(5);
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "search-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function search(name: string, content: string | Buffer, given: [string, string][] = [["KEY", secret]]) {
  const tar = pack();
  tar.entry({ name: "etc/hosts" }, "127.0.0.1 localhost");
  tar.entry({ name }, content);
  tar.finalize();
  const file = join(dir, "layer.tar");
  await writeFile(file, await buffer(tar as unknown as Readable));
  await searchLayers([{ digest: "", file, size: 0 }], { of: "web", given: new Map(given), caBundle });
}

test("a secret's value is found wherever it lies in a file, across the chunks that are read too", async () => {
  for (const before of [0, 65_536 - 512 * 3 - 10, 65_536 * 2 - 5]) {
    const content = Buffer.concat([Buffer.alloc(before, "x"), Buffer.from(secret), Buffer.alloc(100_000, "y")]);
    await expect(search("app/config.js", content)).rejects.toMatchObject({
      code: "secret_in_image",
      cause: expect.stringContaining("/app/config.js") as unknown,
    });
  }
});

test("the error names the secret and never its value", async () => {
  const error = await search("a", secret).catch((thrown: unknown) => thrown);
  expect(JSON.stringify(error)).toContain("KEY");
  expect(JSON.stringify(error)).not.toContain(secret);
});

test("the whole CA bundle is found, under any name; a part of it is not taken for it", async () => {
  await expect(search("usr/local/x.pem", caBundle)).rejects.toMatchObject({ code: "ca_bundle_in_image" });
  await search("etc/ssl/one.pem", caBundle.slice(0, 60));
});

test("a value too short to be told from chance is not looked for", async () => {
  await search("app.js", "const password = 1", [["KEY", "password"]]);
});
