import type Docker from "dockerode";
import { expect, test } from "vitest";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";
import { checkArchitecture } from "./architecture.ts";
import { diskLow } from "./disk.ts";
import { buildImage } from "./image.ts";
import { transferImage } from "./transfer.ts";

const name = { stack: "shop", service: "web", repository: "berth/shop-web", tag: "abc" };
const input = {
  stack: "shop",
  image: { ...name, dockerfile: "FROM x", context: "0".repeat(64), args: {}, bases: [] },
  services: [],
  backing: [],
  secrets: [],
  releasing: [],
  architecture: "amd64",
  caBundle: null,
};

/** An Engine that has one image, or none. */
const engineWith = (stack: string | undefined) =>
  ({
    getImage: (reference: string) => ({
      inspect: async () => {
        if (stack === undefined || reference !== "berth/shop-web:abc")
          throw Object.assign(new Error("no such image"), { statusCode: 404 });
        return { Id: "sha256:1", Config: { Labels: { [labels.stack]: stack, [labels.service]: "web" } } };
      },
    }),
  }) as unknown as Docker;

const none = () => {
  throw new BerthError({ code: "engine_unreachable", message: "m", object: "o", cause: "c", next: "n" });
};

const world = (server: () => Docker, builder: () => Docker, here = true) =>
  ({
    host: { engine: async () => server() },
    builder: { name: "b", here, engine: async () => builder() },
  }) as unknown as StageContext;

test("what the server has needs no builder", async () => {
  const there = world(() => engineWith("shop"), none);
  expect(await buildImage.step.observe(input, there)).toEqual({ output: { imageId: "sha256:1" } });
  expect(await transferImage.step.observe(name, there)).toEqual({ output: { imageId: "sha256:1" } });
});

test("a server without an Engine observes as empty, and a built image is still to be sent", async () => {
  expect(await buildImage.step.observe(input, world(none, none, false))).toEqual({ before: null });
  const built = world(none, () => engineWith("shop"));
  expect(await buildImage.step.observe(input, built)).toEqual({ output: { imageId: "sha256:1" } });
  expect(await transferImage.step.observe(name, built)).toEqual({ before: null });
});

test("an image of the same name that is not this stack's does not count", async () => {
  const foreign = world(
    () => engineWith("other"),
    () => engineWith(undefined),
  );
  expect(await buildImage.step.observe(input, foreign)).toEqual({ before: null });
});

test("a builder that should be here and is not is an error, not an empty world", async () => {
  await expect(
    buildImage.step.observe(
      input,
      world(() => engineWith(undefined), none),
    ),
  ).rejects.toMatchObject({ code: "engine_unreachable" });
});

test("another architecture and a full disk are refused with what is needed", async () => {
  const arm = { version: async () => ({ Arch: "arm64" }) } as unknown as Docker;
  await expect(checkArchitecture(arm, "berth/shop-web:abc", "amd64", "root@host:22")).rejects.toMatchObject({
    code: "architecture_mismatch",
    message: "The image berth/shop-web:abc is built for amd64, and root@host:22 is arm64.",
  });
  const error = diskLow({ name, host: "root@host:22", folder: "/var/lib/docker", free: 1e6, needed: 700e6 });
  expect(error).toMatchObject({ code: "disk_low", cause: "It needs 700 MB in /var/lib/docker, and 1 MB are free." });
  expect(error.next).toContain("docker system df");
});
