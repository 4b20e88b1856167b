import fc from "fast-check";
import { expect, test } from "vitest";
import { type ImageName, imageReference, parseImageName } from "./image-name.ts";

const digest = `sha256:${"0".repeat(64)}`;
const failure = (text: string) => {
  try {
    return parseImageName(text);
  } catch (error) {
    return error;
  }
};

test.each([
  ["nginx", "docker.io", "library/nginx", "nginx", "latest", null],
  ["nginx:1.27", "docker.io", "library/nginx", "nginx", "1.27", null],
  ["docker.io/library/nginx", "docker.io", "library/nginx", "nginx", "latest", null],
  ["index.docker.io/team/app:1", "docker.io", "team/app", "team/app", "1", null],
  ["ghcr.io/team/deep/app", "ghcr.io", "team/deep/app", "ghcr.io/team/deep/app", "latest", null],
  ["localhost/app", "localhost", "app", "localhost/app", "latest", null],
  ["localhost:5000/app:2", "localhost:5000", "app", "localhost:5000/app", "2", null],
  ["10.1.2.3:5000/team/app", "10.1.2.3:5000", "team/app", "10.1.2.3:5000/team/app", "latest", null],
  [`nginx@${digest}`, "docker.io", "library/nginx", "nginx", null, digest],
  [`nginx:1@${digest}`, "docker.io", "library/nginx", "nginx", "1", digest],
  ["docker.io/a.b/c", "docker.io", "a.b/c", "docker.io/a.b/c", "latest", null],
  ["a__b/c-d.e", "docker.io", "a__b/c-d.e", "a__b/c-d.e", "latest", null],
] as const)("%s", (text, registry, repository, name, tag, at) => {
  expect(parseImageName(text)).toEqual({ registry, repository, name, tag, digest: at });
});

test.each([
  ..."Nginx,a b,a//b,/a,a/,a:,a@sha256:0,a@md5:0,-a,a..b,a___b,ghcr.io/,:5000/a,h:0/a,h:99999/a,a:b:c,../a,a.-b/c".split(
    ",",
  ),
  "",
  "a\nb",
  "$(id)",
  "a;b",
  "a?b",
  "user@host/a",
  "[::1]:5000/a",
  "x".repeat(256),
])("%j names no image", (text) => {
  expect(failure(text)).toMatchObject({ code: "image_name_wrong" });
});

const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const registry = fc.option(
  fc.constantFrom(
    "docker.io",
    "index.docker.io",
    "ghcr.io",
    "localhost",
    "localhost:5000",
    "Registry.example.org:443",
    "10.0.0.1",
  ),
  { nil: undefined },
);

test("what is written of a name is read as the same name, and never as another registry's", () => {
  const parts = fc.tuple(
    registry,
    part,
    fc.option(part, { nil: undefined }),
    fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined }),
  );
  fc.assert(
    fc.property(parts, fc.integer({ min: 0, max: 1 }), ([host, first, second, tag], byDigest) => {
      // A first part that has a dot is a registry's name by itself.
      if (host === undefined && second !== undefined) fc.pre(!first.includes("."));
      const path = second === undefined ? first : `${first}/${second}`;
      const text = `${host === undefined ? "" : `${host}/`}${path}${tag === undefined ? "" : `:${tag}`}${byDigest ? `@${digest}` : ""}`;
      const read = parseImageName(text);
      expect(parseImageName(imageReference(read))).toEqual(read);
      if (host !== undefined) expect(read.registry).toBe(host.replace(/^index\./, ""));
    }),
  );
});

test("any text at all is a name or is refused as none", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const read = failure(text);
      if (read instanceof Error) expect(read).toMatchObject({ code: "image_name_wrong" });
      else expect(parseImageName(imageReference(read as ImageName))).toEqual(read);
    }),
  );
});
