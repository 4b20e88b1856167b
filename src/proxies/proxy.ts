import { z } from "zod";
import type { Words } from "../host/host.ts";
import type { Slot } from "./slots.ts";

/** Requests for a host, and a path and all below it, go to a service. Files of earlier versions say neither path nor replicas. */
export const StackRoute = z.object({
  host: z.string(),
  /** Whole segments: `/api` is `/api` and `/api/…`, never `/apis`; `/` is all that no longer path of the host has. */
  path: z
    .string()
    .regex(/^\/(?:[\w.~-]+(?:\/[\w.~-]+)*)?$/)
    .default("/"),
  /** The service sees the request's path without `path`. */
  strip: z.boolean().default(false),
  service: z.string(),
  /** Each of them has an upstream file of its own. */
  replicas: z.int().min(1).default(1),
});
export type StackRoute = z.infer<typeof StackRoute>;

/** What one stack wants of the proxy. Kept on the server as one file a stack; the configuration is made from all of them. */
export const StackRoutes = z.object({
  stack: z.string(),
  routes: z.array(StackRoute),
  tls: z.object({ directory: z.string(), email: z.string().nullable(), trust: z.string().nullable() }),
});
export type StackRoutes = z.infer<typeof StackRoutes>;

/** A file on the server, by its absolute path there. */
export interface ServerFile {
  path: string;
  content: string;
}

/** The configuration itself, and the files that it names (authorities that it trusts), which must lie there before it. */
export interface ProxyConfiguration extends ServerFile {
  needs: ServerFile[];
}

export interface ServedRoute extends Pick<StackRoute, "host" | "path" | "strip"> {
  /** The files that say where its requests go: `upstreamFile` of a stack, a service and each of its replicas. */
  upstreams: string[];
}

/**
 * A reverse proxy as a variant: what differs between Caddy, nginx and Traefik, as pure data and rendering. Two instances
 * may run beside each other, from one configuration, on the same ports 80 and 443, each on those of its slot besides.
 */
export interface ReverseProxy {
  kind: string;
  /** The image under its usual name; the survey finds its digest. */
  image: string;
  containerName: string;
  /** The whole configuration, made from what every stack wants: same routes, same bytes. */
  configuration(stacks: readonly StackRoutes[]): ProxyConfiguration;
  /**
   * Path on the server of the file that the proxy reads for each request: `ADDRESS:PORT` of what answers now. No reload is
   * needed. Replicas count from 1; the files of all but the first have the first one's name, a dot and their number.
   */
  upstreamFile(stack: string, service: string, replica?: number): string;
  /** What the Engine is asked to create (body of POST /containers/create). */
  container(image: string, slot: Slot, labels: Record<string, string>): Record<string, unknown>;
  /** Words, inside a container of its image, that check a configuration given by its path on the server. */
  validate(path: string): string[];
  /** Words, on the server, that make the configuration in its place take effect without a restart. `run`: the instance's folder. */
  reload(run: string): string[];
  /** Words, on the server, that print the configuration that a running instance serves, as JSON. */
  serving(run: string): string[];
  /** Words, on the server, that print those of the hosts that a running instance hands out a certificate for. No application is asked. */
  certified(slot: Slot, hosts: readonly string[]): Words;
  /** What is served by a configuration as `serving` prints it. */
  routes(configuration: string): ServedRoute[];
  /**
   * The file that an instance reads for each request, by what it says: it serves, or it is draining. A draining one lets go
   * of each connection with the answer to its next request, and closes none before that; WebSockets stay.
   */
  phase(slot: Slot, phase: "serving" | "draining"): ServerFile;
  /** Where an instance of an earlier version has its socket, and what is removed with it. It had no slot. */
  earlier: { run: string; files: string[] };
  /** The volume that holds the certificates, and where in it those of a host lie once issued: a glob of sh. */
  certificates: { volume: string; glob(host: string): string };
}
