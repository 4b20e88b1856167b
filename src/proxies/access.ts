import type Docker from "dockerode";
import type { Host, Lock } from "../host/host.ts";
import type { ReverseProxy } from "./proxy.ts";

/** Whom a look at the proxy asks. */
export interface ProxyView {
  host: Host;
  proxy: ReverseProxy;
  /** The image that instances are made from, and that checks their configuration: by digest, there already. */
  image: string;
}

export interface ProxyAccess extends ProxyView {
  engine: Docker;
  /** The server's lock: what stacks share changes under it alone. */
  lock: Lock;
  log(text: string): void;
  signal: AbortSignal;
}
