import { expect, test } from "vitest";
import { parseSource } from "./parse.ts";

const git = (text: string) => {
  const source = parseSource(text);
  if (source.kind !== "git") throw new Error(`${text} was taken for a folder`);
  const { address, ref, subfolder, refAndPath } = source;
  return [address.url, ref ?? refAndPath, subfolder];
};
const failure = (text: string) => {
  try {
    return parseSource(text);
  } catch (error) {
    return error;
  }
};

test.each([
  ["https://git.example.org/a/b.git", "https://git.example.org/a/b.git", null, null],
  ["https://git.example.org/a/b.git#main", "https://git.example.org/a/b.git", "main", null],
  ["https://git.example.org/a/b#feature/x:apps/web/", "https://git.example.org/a/b", "feature/x", "apps/web"],
  ["https://git.example.org:8443/a/b.git#:apps/web", "https://git.example.org:8443/a/b.git", null, "apps/web"],
  ["git@git.example.org:team/app.git#v1.2", "ssh://git@git.example.org/team/app.git", "v1.2", null],
  ["ssh://deploy@git.example.org:2222/srv/app.git", "ssh://deploy@git.example.org:2222/srv/app.git", null, null],
  ["git+ssh://git@git.example.org/app.git", "ssh://git@git.example.org/app.git", null, null],
  ["https://github.com/owner/app", "https://github.com/owner/app.git", null, null],
  ["github.com/owner/app#dev", "https://github.com/owner/app.git", "dev", null],
  ["https://github.com/owner/app#readme", "https://github.com/owner/app.git", null, null],
  ["https://github.com/owner/app/blob/main/src/a.ts#L10", "https://github.com/owner/app.git", "main/src/a.ts", null],
  [
    "https://github.com/owner/app/tree/feature/x/apps/web",
    "https://github.com/owner/app.git",
    "feature/x/apps/web",
    null,
  ],
  [
    "https://github.com/owner/app/commit/0123456789abcdef0123456789abcdef01234567",
    "https://github.com/owner/app.git",
    "0123456789abcdef0123456789abcdef01234567",
    null,
  ],
  ["https://gitlab.com/group/sub/deep/app", "https://gitlab.com/group/sub/deep/app.git", null, null],
  [
    "https://gitlab.com/group/sub/app/-/tree/main/backend?ref_type=heads",
    "https://gitlab.com/group/sub/app.git",
    "main/backend",
    null,
  ],
  [
    "https://gitlab.example.org/group/sub/app/-/tree/main",
    "https://gitlab.example.org/group/sub/app.git",
    "main",
    null,
  ],
  ["https://bitbucket.org/team/app/src/main/backend/", "https://bitbucket.org/team/app.git", "main/backend", null],
  ["https://forge.example.org/owner/app/tree/main/a%20b", "https://forge.example.org/owner/app.git", "main/a b", null],
] as const)("%s", (text, url, ref, subfolder) => {
  if (text.includes("%20")) expect(failure(text)).toMatchObject({ code: "source_not_found" });
  else expect(git(text)).toEqual([url, ref, subfolder]);
});

test("a token in an address is kept apart from what is shown", () => {
  const source = parseSource("https://someone:s3cret%2Ftoken@git.example.org/a.git");
  expect(source).toMatchObject({
    token: "s3cret/token",
    address: { user: "someone", url: "https://git.example.org/a.git" },
  });
});

test.each([".", "./app", "/srv/app", "../a b", "apps/web", "C#/app"])("the folder %s", (path) => {
  expect(parseSource(path)).toEqual({ kind: "folder", path });
});

test.each([
  "ext::sh -c touch% /tmp/x",
  "file::/etc",
  "file:///etc/passwd",
  "git://git.example.org/a.git",
  "ftp://git.example.org/a.git",
  "ssh://-oProxyCommand=x/a.git",
  "git@host.example.org:-x",
  "https://git.example.org/",
])("%s is refused", (text) => {
  expect(failure(text)).toMatchObject({ code: "protocol_refused", next: expect.stringContaining("https://") });
});

test.each([
  "--upload-pack=x",
  "",
  "https://git.example.org/a.git#--upload-pack=x",
  "https://git.example.org/a.git#a..b",
  "https://git.example.org/a.git#main:../../etc",
  "https://git.example.org/a.git#main:.git",
  "a\u0007b",
])("%j names no source", (text) => {
  expect(failure(text)).toMatchObject({ code: "source_not_found" });
});

test("a template is recognised, and comes later", () => {
  expect(failure("template:wordpress")).toMatchObject({ code: "source_not_supported", object: "template:wordpress" });
});

test("an image is named as Docker names it", () => {
  expect(parseSource("image:ghcr.io/team/app:1.2")).toEqual({
    kind: "image",
    image: { registry: "ghcr.io", repository: "team/app", name: "ghcr.io/team/app", tag: "1.2", digest: null },
  });
  expect(failure("image:Not An Image")).toMatchObject({ code: "image_name_wrong", object: "Not An Image" });
});

test("an error does not repeat a token", () => {
  expect(JSON.stringify(failure("ftp://someone:s3cret@git.example.org/a"))).not.toContain("s3cret");
});
