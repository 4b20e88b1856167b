import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { StageContext } from "../context.ts";
import { pulledFile, pullImage } from "./pull.ts";

const digest = "a".repeat(64);
const image = `r.test:5000/team/app:1@sha256:${digest}`;
const input = { stack: "shop", image, architecture: "amd64" as const };

/** A server whose Engine gets the image as `answer` says, and what is seen of it. */
function server(answer: { architecture?: string; error?: string; there?: boolean } = {}) {
  const seen = { asked: [] as unknown[], written: [] as string[], hidden: [] as string[] };
  let there = answer.there ?? false;
  const found = { Id: "sha256:1", Architecture: answer.architecture ?? "amd64" };
  const engine = {
    getImage: () => ({
      inspect: async () => {
        if (!there) throw Object.assign(new Error("no such image"), { statusCode: 404 });
        return found;
      },
    }),
    createImage: async (...given: unknown[]) => {
      seen.asked = given;
      there = answer.error === undefined;
      return Readable.from([`${JSON.stringify(answer.error === undefined ? {} : { error: answer.error })}\n`]);
    },
  };
  const ctx = {
    host: { engine: async () => engine },
    lock: async () => ({ run: async (words: string[]) => void seen.written.push(words.join(" ")) }),
    registryAuth: async (registry: string) =>
      registry === "r.test:5000" ? { username: "ann", password: "s3cret" } : undefined,
    hide: (value: string) => void seen.hidden.push(value),
    log: () => undefined,
    signal: new AbortController().signal,
  } as unknown as StageContext;
  return { seen, ctx };
}
const apply = (ctx: StageContext) =>
  pullImage.step.apply(input, null, ctx).catch((error: { code: string }) => error.code);

test("an image comes by its digest, with the login of its registry, and is noted as brought by this stack", async () => {
  const { seen, ctx } = server();
  expect(await pullImage.step.observe(input, ctx)).toEqual({ before: null });
  expect(await apply(ctx)).toBeUndefined();
  expect(seen.asked).toMatchObject([
    { username: "ann", password: "s3cret", serveraddress: "r.test:5000" },
    { fromImage: "r.test:5000/team/app", tag: `sha256:${digest}` },
  ]);
  expect(seen.hidden).toEqual(["s3cret"]);
  expect(seen.written.join()).toContain(pulledFile("shop", image));
  expect(await pullImage.step.observe(input, ctx)).toEqual({ output: { id: "sha256:1" } });
});

test("one that is there already is nobody's to remove", async () => {
  const { seen, ctx } = server({ there: true });
  expect(await apply(ctx)).toBeUndefined();
  expect(seen.written).toEqual([]);
});

test("a refused login, an image that is gone and another kind of processor are told apart", async () => {
  expect(await apply(server({ error: "unauthorized: authentication required" }).ctx)).toBe("registry_login");
  expect(await apply(server({ error: "manifest unknown: manifest unknown" }).ctx)).toBe("image_unknown");
  expect(await apply(server({ error: "no matching manifest for linux/amd64 in the manifest list entries" }).ctx)).toBe(
    "image_architecture",
  );
  expect(await apply(server({ architecture: "arm64" }).ctx)).toBe("image_architecture");
});
