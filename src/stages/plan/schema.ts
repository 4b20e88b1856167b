import { z } from "zod";
import { HostName, Name, RoutePath, Wishes } from "./wishes.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** `caddy:2@sha256:…`: the name that people know, and the content that was planned. */
const ImageReference = z.string().regex(/^[a-z0-9][\w./:-]*@sha256:[0-9a-f]{64}$/);

/** Where an environment value comes from. Secret values themselves are never in a plan. */
export const EnvSource = z.discriminatedUnion("from", [
  z.object({ from: z.literal("value"), value: z.string(), why: z.string() }),
  z.object({ from: z.literal("secret"), secret: z.string(), why: z.string() }),
  /** Text around secrets, e.g. a database address; `to` names the backing service that it points at. */
  z.object({
    from: z.literal("reference"),
    to: Name,
    parts: z.array(z.union([z.string(), z.object({ secret: z.string() })])),
    why: z.string(),
  }),
]);

/** A secret by name: given by a person (its keyed fingerprint is part of the plan) or made at the first apply, and then kept. */
export const SecretUse = z.discriminatedUnion("origin", [
  z.object({ origin: z.literal("given"), name: z.string(), fingerprint: z.string() }),
  z.object({
    origin: z.literal("generated"),
    name: z.string(),
    version: z.int().min(1),
    length: z.int().min(16),
    alphabet: z.enum(["alphanumeric", "hex", "base64"]),
  }),
]);

/** An image that Berth builds out of the source. One that comes from a registry has no entry: its service names it by digest. */
export const Image = z.object({
  service: Name,
  /** `berth/STACK-SERVICE`; the tag is the hash of all that goes in (context, Dockerfile, arguments, bases). */
  repository: z.string(),
  tag: z.string(),
  dockerfile: z.string(),
  /** The folder of the source that the build gets to see, "." for all of it; `context` is the hash of what lies in it. */
  folder: z.string(),
  context: Sha256,
  args: z.record(z.string(), z.string()),
  bases: z.array(ImageReference),
});

/** A port of a container that the whole world can reach at the server's address, past the proxy. */
export const Published = z.object({
  port: z.int().min(1).max(65535).describe("inside the container"),
  hostPort: z.int().min(1).max(65535).describe("on the server"),
  protocol: z.enum(["tcp", "udp"]),
  why: z.string(),
});

const Health = z.object({
  path: z.string().startsWith("/").nullable().describe("null: an open port, or staying up, is all that can be asked"),
  command: z.array(z.string()).nullable().describe("answers 0 inside the container once it is well; null: none"),
  timeoutSeconds: z.int().positive(),
  why: z.string(),
});

export const Mount = z.object({ volume: z.string(), path: z.string().startsWith("/"), why: z.string() });

export const Service = z.object({
  name: Name,
  image: z.string().describe("repository:tag of an entry in images, or NAME:TAG@sha256:… of a registry"),
  /** null: it listens nowhere (a worker), so that staying up is all that can be asked of it. */
  port: z.int().min(1).max(65535).nullable(),
  /** null: the image's own. */
  entrypoint: z.array(z.string()).nullable(),
  command: z.array(z.string()).nullable(),
  /** Run once a release, before the switch, in a container of its own. */
  releaseCommand: z.array(z.string()).nullable(),
  /** null: the image's own. */
  user: z.string().nullable(),
  env: z.record(z.string(), EnvSource),
  mounts: z.array(Mount),
  published: z.array(Published),
  health: Health,
  /** How many containers of it run, each with this memory and these processors (null: as many as there are). */
  replicas: z.int().min(1).max(20),
  memoryMegabytes: z.int().positive(),
  cpus: z.number().positive().nullable(),
  /** The rights that it keeps of those that Docker gives. */
  capabilities: z.array(z.string()),
  strategy: z.object({ kind: z.enum(["overlap", "stop-first"]), why: z.string() }),
  /** Two fixed addresses a replica, outside the network's ip range: a release takes the free one of the two. */
  addresses: z.array(z.tuple([z.ipv4(), z.ipv4()])).min(1),
  /** Below the 120 s after which a server's lock takes a call without its caller for one that was left behind. */
  stopSeconds: z.int().positive().max(100),
  dependsOn: z.array(Name),
});

export const Backing = z.object({
  name: Name,
  kind: z.string().describe("postgres, redis, …"),
  image: ImageReference,
  env: z.record(z.string(), EnvSource),
  mounts: z.array(Mount),
  /** null: the image's own. */
  command: z.array(z.string()).nullable(),
  port: z.int(),
  published: z.array(Published),
  memoryMegabytes: z.int().positive(),
  /** Answers 0 inside the container once it serves. */
  ready: z.array(z.string()),
});

/** Whose path is the longest that a request's begins with gets it: `/api` means `/api` and all below, `/` all that is left. */
export const Route = z.object({
  host: HostName,
  path: RoutePath,
  service: Name,
  /** The service sees the request's path without `path`. */
  strip: z.boolean(),
});

export const Plan = z.object({
  version: z.literal(1),
  stack: Name,
  /** Kept, so that the next plan of this stack starts from the same wishes. */
  wishes: Wishes,
  source: z.object({
    kind: z.enum(["folder", "git", "image"]),
    name: z.string(),
    revision: z.string(),
    contentHash: Sha256,
  }),
  server: z.object({
    name: z.string(),
    host: z.string(),
    port: z.int(),
    user: z.string(),
    hostKey: z.string().startsWith("SHA256:"),
    os: z.object({ id: z.enum(["debian", "ubuntu"]), version: z.string() }),
    architecture: z.enum(["amd64", "arm64"]),
  }),
  build: z.object({
    on: z.enum(["here", "server"]),
    why: z.string(),
    platform: z.string(),
    /** sha256 of the CA bundle that build steps may trust; null where none is configured. */
    caBundle: Sha256.nullable(),
  }),
  images: z.array(Image),
  services: z.array(Service),
  backing: z.array(Backing),
  volumes: z.array(z.object({ name: z.string(), holds: z.string() })),
  network: z.object({ name: z.string(), subnet: z.cidrv4(), gateway: z.ipv4(), ipRange: z.cidrv4() }),
  routes: z.array(Route),
  tls: z.object({
    directory: z.url().describe("ACME directory"),
    email: z.string().nullable(),
    /** PEM of the authority that signs the directory's own TLS certificate, where it is a private one. */
    trust: z.string().nullable(),
  }),
  proxy: z.object({ kind: z.literal("caddy"), image: ImageReference }),
  secrets: z.array(SecretUse),
  provision: z.object({
    packages: z.array(z.string()),
    swapMegabytes: z.int().min(0),
    sshPorts: z.array(z.int()).min(1).describe("stay open, whatever else closes"),
    openPorts: z.array(z.object({ port: z.int(), protocol: z.enum(["tcp", "udp"]), why: z.string() })),
  }),
  reasons: z.array(z.object({ about: z.string(), text: z.string() })),
  risks: z.array(z.object({ about: z.string(), text: z.string() })),
});

export type Plan = z.infer<typeof Plan>;
export type Service = z.infer<typeof Service>;
export type Backing = z.infer<typeof Backing>;
export type Image = z.infer<typeof Image>;
export type EnvSource = z.infer<typeof EnvSource>;
export type SecretUse = z.infer<typeof SecretUse>;
export type Published = z.infer<typeof Published>;
export type Route = z.infer<typeof Route>;
export type Mount = z.infer<typeof Mount>;
