import { expect, test } from "vitest";
import { registryOf } from "./pull.ts";
import { pullFailure } from "./pull-failure.ts";

const code = (words: string) => pullFailure("r.test/app@sha256:ab", "r.test", false, new Error(words)).code;

// As Engines 20.10 to 29 and registries have written them.
test.each([
  ["Head https://r.test/v2/app/manifests/1: unauthorized: incorrect username or password", "registry_login"],
  [
    "pull access denied for app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    "registry_login",
  ],
  ["Get https://r.test/v2/: no basic auth credentials", "registry_login"],
  ["failed to resolve reference: unexpected status from HEAD request: 401 Unauthorized", "registry_login"],
  ["manifest for r.test/app@sha256:ab not found: manifest unknown: manifest unknown", "image_unknown"],
  ["failed to resolve reference r.test/app@sha256:ab: r.test/app@sha256:ab: not found", "image_unknown"],
  ["no matching manifest for linux/arm64/v8 in the manifest list entries", "image_architecture"],
  ["Get https://r.test/v2/: dial tcp 192.0.2.1:443: i/o timeout", "image_unavailable"],
  ["Get https://r.test/v2/: dial tcp: lookup r.test: no such host", "image_unavailable"],
  ["write /var/lib/docker/tmp/x: no space left on device", "disk_full"],
])("%s", (words, expected) => {
  expect(code(words)).toBe(expected);
});

test("whose login it is that was refused is said, and what was refused stays one line", () => {
  const said = pullFailure("r.test/app@sha256:ab", "r.test", true, new Error("unauthorized\u001b[31m\nx"));
  expect(said.message).toContain("the login that this computer has");
  expect(said.cause).toBe("The Docker Engine says: unauthorized x");
});

test("the registry of an image", () => {
  expect(["caddy:2", "org/app", "r.test/app", "10.0.0.1:5000/x/y@sha256:ab", "localhost/app"].map(registryOf)).toEqual([
    ...["docker.io", "docker.io", "r.test", "10.0.0.1:5000", "localhost"],
  ]);
});
