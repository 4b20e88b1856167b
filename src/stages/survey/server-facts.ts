import { z } from "zod";

/** One socket that somebody listens on. `process` and `unit` are null where the server does not say. */
export const Listener = z.object({
  protocol: z.enum(["tcp", "udp"]),
  address: z.string(),
  port: z.int().min(1).max(65535),
  process: z.string().nullable(),
  pid: z.int().nullable(),
  /** systemd unit or container scope of the process: `nginx.service`. */
  unit: z.string().nullable(),
  /** The process belongs to Berth's own proxy. */
  ours: z.boolean(),
});

/** The last plan that was applied whole, as the server tells it; `plan` is not checked here: the plan's schema is a later stage's. */
export const Applied = z.object({ serial: z.int().min(0), planHash: z.string().max(64), plan: z.unknown() });

/** The server as it is: plain data, every text from it bounded and cleaned, since a server may lie. */
export const ServerFacts = z.object({
  os: z.object({ id: z.string(), version: z.string(), codename: z.string(), pretty: z.string() }),
  /** As dpkg says it. */
  architecture: z.enum(["amd64", "arm64"]),
  kernel: z.string(),
  bootId: z.string(),
  /** It is itself a container: swap, for one, is not its own. */
  container: z.boolean(),
  cpus: z.int().positive(),
  memoryMegabytes: z.int().positive(),
  swapMegabytes: z.int().min(0),
  diskFreeMegabytes: z.object({ root: z.int().min(0), engine: z.int().min(0) }),
  /** The login is root; else it acts by sudo. */
  root: z.boolean(),
  /** Every port that sshd listens on, and the one of this connection as the server sees it, which may not be the one dialled. */
  sshPorts: z.array(z.int()).min(1),
  /** What sshd's configuration says outside of Match blocks; null where sshd -T cannot be read. */
  passwordLogin: z.boolean().nullable(),
  listeners: z.array(Listener),
  engine: z.object({ version: z.string(), api: z.string(), liveRestore: z.boolean(), root: z.string() }).nullable(),
  /** Package that the Engine came from (`docker.io`, `docker-ce`, …); null where no package is known. */
  enginePackage: z.string().nullable(),
  firewalls: z.array(z.enum(["ufw", "firewalld"])),
  networks: z.array(z.object({ name: z.string(), subnets: z.array(z.string()) })),
  /** Destinations of the routing table, IPv4, as CIDR; the default route is left out. */
  routes: z.array(z.string()),
  /** Global IPv6 addresses. */
  addresses6: z.array(z.string()),
  stacks: z.array(z.object({ stack: z.string(), serial: z.int(), planHash: z.string() })),
  /** What was applied last of the stack that was asked for; null where there is nothing. */
  applied: Applied.nullable(),
  /** There is something where `applied` is read from, and it is not what Berth wrote. */
  appliedDamaged: z.boolean(),
  /** Image of Berth's proxy, as it was asked for, while it runs. */
  proxyImage: z.string().nullable(),
});
export type ServerFacts = z.infer<typeof ServerFacts>;
export type Listener = z.infer<typeof Listener>;
