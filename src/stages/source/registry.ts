import { createHash } from "node:crypto";
import { z } from "zod";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { type ImageName, imageReference } from "./image-name.ts";
import { type Answered, askRegistry, isLoopback, type RegistryAccess, unreachable } from "./registry-http.ts";

/** As `docker login` keeps it. */
export type RegistryLogin = { username: string; password: string } | { identitytoken: string };

export interface RegistryOptions extends RegistryAccess {
  /** Looked for when the registry gives nothing to who is not logged in. */
  login(registry: string): Promise<RegistryLogin | undefined>;
}

/** The reading side of the distribution API (https://distribution.github.io/distribution/spec/api/) for one image. */
export interface Registry {
  /** By a tag or digest; the answer's digest is that of its bytes. */
  manifest(reference: string): Promise<{ digest: string; body: Buffer }>;
  blob(digest: string): Promise<Buffer>;
}

/** More is no manifest and no configuration. */
const mostBytes = 4 << 20;
const mostRedirects = 5;

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Throws `registry_login_required`, `registry_login_refused`, `image_unknown`, `registry_busy`, `registry_unreachable`. */
export async function openRegistry(image: ImageName, options: RegistryOptions): Promise<Registry> {
  const { base, challenge } = await greet(image, options);
  let authorization = challenge === undefined ? undefined : await authorize(image, challenge, undefined, options);
  let asLoggedIn = false;

  /** What an anonymous token does not open is asked for once more with the login, where there is one. */
  const get = async (path: string, accept?: string): Promise<Buffer> => {
    const url = new URL(`v2/${image.repository}/${path}`, base);
    const answer = await follow(url, { ...(accept && { accept }) }, authorization, options);
    if (answer.status === 200) return answer.body;
    if (answer.status !== 401 && answer.status !== 403) throw refused(image, answer);
    const login = asLoggedIn ? undefined : await options.login(image.registry);
    if (login === undefined) throw asLoggedIn ? loginRefused(image, answer) : loginRequired(image, answer);
    asLoggedIn = true;
    authorization = await authorize(image, challengeOf(answer) ?? challenge ?? { scheme: "basic" }, login, options);
    return get(path, accept);
  };

  return {
    async manifest(reference) {
      const body = await get(`manifests/${reference}`, manifestTypes);
      const digest = digestOf(body);
      if (reference.includes(":") && reference !== digest) throw damaged(image, reference);
      return { digest, body };
    },
    async blob(digest) {
      const body = await get(`blobs/${digest}`);
      if (digestOf(body) !== digest) throw damaged(image, digest);
      return body;
    },
  };
}

type Challenge = { scheme: "basic" } | { scheme: "bearer"; realm: URL; service: string | undefined };

/** Whether it is a registry, by which address, and what it wants to see first. */
async function greet(image: ImageName, options: RegistryOptions) {
  const host = image.registry === "docker.io" ? "registry-1.docker.io" : image.registry;
  const hello = async (base: URL) => {
    const answer = await askRegistry({ url: new URL("v2/", base), headers: {}, mostBytes }, options);
    if (answer.status !== 200 && answer.status !== 401) throw refused(image, answer);
    return { base, challenge: answer.status === 401 ? challengeOf(answer) : undefined };
  };
  const base = new URL(`https://${host}/`);
  return hello(base).catch((error: unknown) => {
    const isPlain = error instanceof BerthError && /wrong version number|EPROTO|packet length/i.test(error.cause);
    if (!isPlain || !isLoopback(base)) throw error;
    return hello(new URL(`http://${host}/`));
  });
}

function challengeOf({ headers }: Answered): Challenge | undefined {
  const text = headers["www-authenticate"] ?? "";
  if (/^basic\b/i.test(text)) return { scheme: "basic" };
  if (!/^bearer\b/i.test(text)) return undefined;
  const said = Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const realm = URL.parse(said["realm"] ?? "");
  return realm ? { scheme: "bearer", realm, service: said["service"] } : undefined;
}

/** The header that opens it; undefined where it can only be asked for without one. */
async function authorize(
  image: ImageName,
  challenge: Challenge,
  login: RegistryLogin | undefined,
  options: RegistryOptions,
): Promise<string | undefined> {
  if (challenge.scheme === "bearer") return `Bearer ${await tokenFor(image, challenge, login, options)}`;
  return login && "password" in login ? basic(login) : undefined;
}

const Token = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** https://distribution.github.io/distribution/spec/auth/token/ and, for a token of `docker login`, …/oauth/ */
async function tokenFor(
  image: ImageName,
  { realm, service }: Extract<Challenge, { scheme: "bearer" }>,
  login: RegistryLogin | undefined,
  options: RegistryOptions,
): Promise<string> {
  const wanted = new URLSearchParams({ scope: `repository:${image.repository}:pull`, ...(service && { service }) });
  const url = new URL(realm);
  const byToken = login !== undefined && "identitytoken" in login;
  if (byToken) {
    wanted.set("grant_type", "refresh_token");
    wanted.set("client_id", "berth");
    wanted.set("refresh_token", login.identitytoken);
  } else for (const [name, value] of wanted) url.searchParams.set(name, value);
  const answer = await askRegistry(
    byToken
      ? {
          url,
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: `${wanted}`,
          mostBytes,
        }
      : { url, headers: login && "password" in login ? { authorization: basic(login) } : {}, mostBytes },
    options,
  );
  if ([400, 401, 403].includes(answer.status)) {
    if (login) throw loginRefused(image, answer);
    const found = await options.login(image.registry);
    if (!found) throw loginRequired(image, answer);
    return tokenFor(image, { scheme: "bearer", realm, service }, found, options);
  }
  const { token, access_token } = answer.status === 200 ? tokenIn(answer) : {};
  const got = token ?? access_token;
  if (!got) throw unreachable(url.host, `It was asked for a token and answered with ${answer.status}.`);
  return got;
}

function tokenIn({ body }: Answered): z.infer<typeof Token> {
  try {
    return Token.parse(JSON.parse(body.toString()));
  } catch {
    return {};
  }
}

/** Layers and configurations often lie elsewhere: no login goes along to another host. */
async function follow(
  url: URL,
  headers: Record<string, string>,
  authorization: string | undefined,
  options: RegistryOptions,
  redirects = 0,
): Promise<Answered> {
  const answer = await askRegistry(
    { url, headers: { ...headers, ...(authorization && { authorization }) }, mostBytes },
    options,
  );
  const next = answer.status >= 300 && answer.status < 400 ? URL.parse(answer.headers.location ?? "", url.href) : null;
  if (next === null || redirects === mostRedirects) return answer;
  return follow(next, headers, next.origin === url.origin ? authorization : undefined, options, redirects + 1);
}

const basic = ({ username, password }: { username: string; password: string }) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const Errors = z.object({ errors: z.array(z.object({ code: z.string(), message: z.string().optional() })) });

/** What it says in its own words. */
function wordsOf({ status, body }: Answered): string {
  try {
    const { errors } = Errors.parse(JSON.parse(body.toString()));
    const words = errors.map(({ code, message }) => message ?? code).join("; ");
    return cleanLine(`It answered with ${status}${words && `: ${words}`}.`);
  } catch {
    return `It answered with ${status}.`;
  }
}

const loginRequired = (image: ImageName, answer: Answered) =>
  failure(image, {
    code: "registry_login_required",
    message: `The registry ${image.registry} does not give this image to who is not logged in, or does not have it.`,
    cause: `${wordsOf(answer)} This computer has no login for it.`,
    next: `Check the name; if it is right: docker login ${image.registry === "docker.io" ? "" : image.registry}`.trim(),
  });

const loginRefused = (image: ImageName, answer: Answered) =>
  failure(image, {
    code: "registry_login_refused",
    message: `The registry ${image.registry} does not take the login that this computer has for it, or not for this image.`,
    cause: wordsOf(answer),
    next: `Log in again: docker login ${image.registry === "docker.io" ? "" : image.registry}`.trim(),
  });

function refused(image: ImageName, answer: Answered): BerthError {
  if (answer.status === 404)
    return failure(image, {
      code: "image_unknown",
      message: `The registry ${image.registry} has no such image, or not this tag of it.`,
      cause: wordsOf(answer),
      next: "Check the name and the tag; name one that is there.",
    });
  if (answer.status === 429)
    return failure(image, {
      code: "registry_busy",
      message: `The registry ${image.registry} answers no more for now: too much was asked of it from here.`,
      cause: wordsOf(answer),
      next: `Wait, or log in, which allows more: docker login ${image.registry === "docker.io" ? "" : image.registry}`.trim(),
    });
  return unreachable(image.registry, wordsOf(answer));
}

const damaged = (image: ImageName, digest: string) =>
  failure(image, {
    code: "image_damaged",
    message: `The registry ${image.registry} gave other content than was asked for.`,
    cause: `Its content is not ${digest}.`,
    next: "Try again; if it stays so, push the image again.",
  });

const failure = (image: ImageName, rest: Omit<BerthError, "object" | "name" | "toJSON" | "stack">) =>
  new BerthError({ object: imageReference(image), ...rest });
