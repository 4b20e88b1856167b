/** What one stack wants of the proxy. Kept on the server as one file a stack; the configuration is made from all of them. */
export interface StackRoutes {
  stack: string;
  routes: { host: string; service: string }[];
  tls: { directory: string; email: string | null; trust: string | null };
}

/** A reverse proxy as a variant: what differs between Caddy, nginx and Traefik, as pure data and rendering. */
export interface Proxy {
  kind: string;
  /** The image under its usual name; the survey finds its digest. */
  image: string;
  containerName: string;
  /** The whole configuration, made from what every stack wants: same routes, same bytes. */
  configuration(stacks: readonly StackRoutes[]): { path: string; content: string };
  /** The file that the proxy reads for each request: `ADDRESS:PORT` of what answers now. No reload is needed. */
  upstreamFile(stack: string, service: string): string;
  /** What the Engine is asked to create (body of POST /containers/create). */
  container(image: string, labels: Record<string, string>): Record<string, unknown>;
  /** Words that check a configuration file inside the container, and that make it take effect. */
  validate(path: string): string[];
  reload(): string[];
  /** Where the certificate of a host lies on the server, once it is issued; a glob of sh. */
  certificateGlob(host: string): string;
}
