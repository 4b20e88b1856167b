import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { refuseOtherPlatform, resolveImage } from "./image.ts";
import { parseImageName } from "./image-name.ts";
import { systemLookup } from "./network.ts";
import type { RegistryLogin, RegistryOptions } from "./registry.ts";

// A registry that answers as the specification has it; what it wants to see first is each test's.
const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const type = {
  image: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
};
const secret = "hunter2";
const right: RegistryLogin = { username: "ann", password: secret };

let server: Server;
let host = "";
let kept: Map<string, string>;
let seen: { path: string; authorization: string | undefined; body: string }[];
let guard: (request: IncomingMessage, response: ServerResponse, body: string) => boolean;
beforeEach(async () => {
  kept = new Map();
  seen = [];
  guard = () => true;
  server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    const { url = "", headers } = request;
    seen.push({ path: url, authorization: headers.authorization, body });
    if (!guard(request, response, body)) return;
    const found = url === "/v2/" ? "{}" : kept.get(url);
    if (found === undefined)
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    else response.end(found);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

const keep = (kind: string, text: string, ...names: string[]) => {
  for (const name of [digestOf(text), ...names]) kept.set(`/v2/team/app/${kind}/${name}`, text);
  return digestOf(text);
};
const image = (architecture: string, ...tags: string[]) => {
  const config = keep(
    "blobs",
    JSON.stringify({ architecture, os: "linux", config: { ExposedPorts: { "8080/tcp": {} } } }),
  );
  return keep(
    "manifests",
    JSON.stringify({ schemaVersion: 2, config: { mediaType: type.config, digest: config } }),
    ...tags,
  );
};
const resolve = (name = "team/app:1", more: Partial<RegistryOptions> = {}) =>
  resolveImage(parseImageName(`${host}/${name}`), {
    allowPrivateAddresses: true,
    caBundle: undefined,
    signal: undefined,
    lookup: systemLookup,
    login: async () => undefined,
    ...more,
  });
const failure = async (...given: Parameters<typeof resolve>) => {
  const error: unknown = await resolve(...given).catch((thrown: unknown) => thrown);
  expect(JSON.stringify(error)).not.toContain(secret);
  return error;
};
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const refuse = (response: ServerResponse, challenge: string, status = 401) => {
  response
    .writeHead(status, { "www-authenticate": challenge })
    .end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
  return false;
};

test("a tag is read to its digest and configuration; a digest to what it is", async () => {
  const digest = image("amd64", "1");
  const found = await resolve();
  expect(found).toMatchObject({
    kind: "image",
    dir: null,
    address: `image:${host}/team/app:1`,
    name: `${host}/team/app`,
    label: "app",
    revision: digest,
    contentHash: createHash("sha256").update(digest).digest("hex"),
    image: `${host}/team/app:1@${digest}`,
    platforms: ["linux/amd64"],
    config: { config: { ExposedPorts: { "8080/tcp": {} } } },
  });
  expect(await resolve(`team/app@${digest}`)).toMatchObject({ revision: digest, image: `${host}/team/app@${digest}` });
});

test("of an index, the platforms that can be run are named, and what is a statement about the build is not", async () => {
  const manifests = [
    { digest: image("arm64"), platform: { os: "linux", architecture: "arm64" } },
    { digest: image("amd64"), platform: { os: "linux", architecture: "amd64" } },
    { digest: digestOf("x"), platform: { os: "unknown", architecture: "unknown" } },
    { digest: digestOf("y"), platform: { os: "windows", architecture: "amd64" } },
  ];
  const digest = keep("manifests", JSON.stringify({ manifests }), "1");
  const found = await resolve();
  expect(found).toMatchObject({ revision: digest, config: { architecture: "amd64" } });
  expect(found.platforms).toEqual(["linux/amd64", "linux/arm64", "windows/amd64"]);
  keep("manifests", JSON.stringify({ manifests: manifests.slice(3) }), "windows");
  expect(await failure("team/app:windows")).toMatchObject({
    code: "image_architecture",
    cause: expect.stringContaining("windows/amd64"),
  });
});

test("an image for another processor than the server's is refused, and those that there are are named", () => {
  const made = { image: "app:1", platforms: ["linux/arm64", "linux/s390x"] };
  expect(() => refuseOtherPlatform(made, "arm64")).not.toThrow();
  expect(() => refuseOtherPlatform(made, "amd64")).toThrowError(
    expect.objectContaining({ code: "image_architecture", cause: expect.stringContaining("linux/arm64, linux/s390x") }),
  );
});

test("a registry that wants a name and password gets those of this computer, once it has asked", async () => {
  image("amd64", "1");
  guard = ({ headers }, response) =>
    headers.authorization === basic(`ann:${secret}`) || refuse(response, 'Basic realm="registry"');
  expect(await failure()).toMatchObject({
    code: "registry_login_required",
    next: expect.stringContaining(`docker login ${host}`),
  });
  expect(await failure("team/app:1", { login: async () => ({ ...right, password: `not-${secret}` }) })).toMatchObject({
    code: "registry_login_refused",
  });
  const asked: string[] = [];
  const login = async (registry: string) => {
    asked.push(registry);
    return right;
  };
  await resolve("team/app:1", { login });
  expect(asked).toEqual([host]);
});

const bearer = () => `Bearer realm="http://${host}/token",service="registry.test",scope="repository:team/app:pull"`;

test("an anonymous token comes first; the login is used where that opens nothing", async () => {
  image("amd64", "1");
  let isPublic = true;
  guard = ({ url = "", headers }, response) => {
    const who = headers.authorization === basic(`ann:${secret}`) ? "ann" : headers.authorization ? "other" : "anyone";
    if (url.startsWith("/token")) {
      if (who === "other") return refuse(response, "Basic realm=x");
      response.end(JSON.stringify({ token: `for-${who}` }));
      return false;
    }
    const isIn =
      headers.authorization === "Bearer for-ann" || (isPublic && headers.authorization === "Bearer for-anyone");
    return isIn || refuse(response, bearer());
  };
  const never = async () => Promise.reject(new Error("nobody asked for a login"));
  await resolve("team/app:1", { login: never });
  expect(seen.find(({ path }) => path.startsWith("/token"))?.path).toBe(
    "/token?scope=repository%3Ateam%2Fapp%3Apull&service=registry.test",
  );
  isPublic = false;
  expect(await failure()).toMatchObject({ code: "registry_login_required" });
  expect(await failure("team/app:1", { login: async () => ({ username: "ann", password: "x" }) })).toMatchObject({
    code: "registry_login_refused",
  });
  expect(await resolve("team/app:1", { login: async () => right })).toMatchObject({ platforms: ["linux/amd64"] });
});

test("the token that docker login was given is exchanged, in the body of a request", async () => {
  image("amd64", "1");
  guard = ({ url, headers }, response, body) => {
    if (url === "/token" && body.includes(`refresh_token=${secret}`)) {
      response.end('{"access_token":"good"}');
      return false;
    }
    if (url?.startsWith("/token")) return refuse(response, "Basic realm=x");
    return headers.authorization === "Bearer good" || refuse(response, bearer());
  };
  await resolve("team/app:1", { login: async () => ({ identitytoken: secret }) });
  expect(seen.some(({ path }) => path.includes(secret))).toBe(false);
});

test("no login goes along to the host that a redirect names", async () => {
  image("amd64", "1");
  const elsewhere: (string | undefined)[] = [];
  const other = createServer(({ url = "", headers }, response) => {
    elsewhere.push(headers.authorization);
    response.end(kept.get(url));
  });
  await once(other.listen(0, "127.0.0.1"), "listening");
  const to = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  guard = ({ url = "", headers }, response) => {
    if (headers.authorization !== basic(`ann:${secret}`)) return refuse(response, "Basic realm=x");
    if (!url.includes("/blobs/")) return true;
    response.writeHead(307, { location: `${to}${url}` }).end();
    return false;
  };
  try {
    await resolve("team/app:1", { login: async () => right });
  } finally {
    other.close();
  }
  expect(elsewhere).toEqual([undefined]);
});

test.each([
  [404, "image_unknown"],
  [429, "registry_busy"],
  [500, "registry_unreachable"],
])("%i is told as %s", async (status, code) => {
  guard = ({ url }, response) => {
    if (url === "/v2/") return true;
    response.writeHead(status).end();
    return false;
  };
  expect(await failure()).toMatchObject({ code, cause: expect.stringContaining(String(status)) });
});

test("what is no image, is not what was asked for, or has no end is refused", async () => {
  keep(
    "manifests",
    JSON.stringify({ config: { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: digestOf("x") } }),
    "chart",
  );
  expect(await failure("team/app:chart")).toMatchObject({
    code: "not_an_image",
    cause: expect.stringContaining("helm"),
  });
  keep("manifests", "<html>", "page");
  expect(await failure("team/app:page")).toMatchObject({ code: "not_an_image" });
  kept.set(`/v2/team/app/manifests/${digestOf("x")}`, "y");
  expect(await failure(`team/app@${digestOf("x")}`)).toMatchObject({ code: "image_damaged" });
  keep("manifests", "x".repeat(5 << 20), "long");
  expect(await failure("team/app:long")).toMatchObject({ code: "registry_unreachable" });
});

test("a registry on this machine or in its network is asked only where that is allowed, a plain one elsewhere never", async () => {
  expect(await failure("team/app:1", { allowPrivateAddresses: false })).toMatchObject({
    code: "private_address_refused",
  });
  expect(seen).toEqual([]);
  guard = ({ headers }, response) =>
    headers.authorization !== undefined || refuse(response, 'Bearer realm="http://192.0.2.1/token"');
  expect(await failure()).toMatchObject({ code: "registry_unreachable", cause: expect.stringContaining("HTTPS") });
  server.close();
  expect(await failure()).toMatchObject({ code: "registry_unreachable" });
});
