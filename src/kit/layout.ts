/** Where things lie on a server. All of it is root's alone; nothing here is a program that keeps running. */
export const serverRoot = "/var/lib/berth";

export const paths = {
  lib: `${serverRoot}/lib`,
  locks: `${serverRoot}/locks`,
  acts: `${serverRoot}/acts`,
  /** Mounted read-only into the proxy: its configuration, and `up/` with one small file an upstream. */
  proxyEtc: `${serverRoot}/proxy/etc`,
  proxyUp: `${serverRoot}/proxy/etc/up`,
  /** One file a stack: the routes it wants. The proxy's configuration is made from all of them. */
  proxyRoutes: `${serverRoot}/proxy/routes`,
  /** One folder an instance of the proxy, named by its port: its control socket, and what it is told while it runs. */
  proxyRun: `${serverRoot}/proxy/run`,
  /** One file a stack: the ports that it wants open. The firewall is made from all of them. */
  ports: `${serverRoot}/ports`,
  stack: (stack: string) => `${serverRoot}/stacks/${stack}`,
  /** The last plan that was applied whole: `{ serial, planHash, plan, at, berth }`. */
  applied: (stack: string) => `${serverRoot}/stacks/${stack}/applied.json`,
  secrets: (stack: string) => `${serverRoot}/stacks/${stack}/secrets`,
  /** The key of the fingerprints that plans know given secrets by: another computer plans the same bytes with it. */
  fingerprintKey: (stack: string) => `${serverRoot}/stacks/${stack}/fingerprint-key`,
  release: (stack: string, release: string) => `${serverRoot}/stacks/${stack}/releases/${release}`,
  compose: (stack: string) => `${serverRoot}/stacks/${stack}/compose.yaml`,
} as const;

/** Labels on every container, network, volume and image of ours; cleaning up goes by them alone. */
export const labels = {
  stack: "dev.berth.stack",
  service: "dev.berth.service",
  /** Hash of what the container was made from: another hash means another container. */
  spec: "dev.berth.spec",
  release: "dev.berth.release",
  /** service, backing, release-command, command (one that a person has run) or proxy. */
  role: "dev.berth.role",
  /** Of an instance of the proxy: the port that it alone listens on. */
  port: "dev.berth.port",
  /** `STACK-SERVICE` on all that is made only to try an image; never carries `stack`, so that nothing takes it for a release. */
  trial: "dev.berth.trial",
} as const;

/** Name of a part of a stack wherever names must not clash: `shop-web`; a part that is named as its stack is not named twice. */
export const partName = (stack: string, part: string): string => (part === stack ? stack : `${stack}-${part}`);
