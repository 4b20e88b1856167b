import { stringify } from "yaml";
import type { Backing, Plan, Service } from "../plan/schema.ts";
import { environmentFile } from "./names.ts";

/**
 * What runs, as a plain compose file that stands without Berth. The network and the volumes are external, so that no
 * `docker compose down` takes data with it. `addresses`: where each service's container is now.
 */
export function renderCompose(plan: Plan, release: string, addresses: Readonly<Record<string, string>>): string {
  const { stack, network, volumes } = plan;
  const file = {
    services: Object.fromEntries([
      ...plan.backing.map((part) => [part.name, backingOf(part, environmentFile(stack, release, part.name))]),
      ...plan.services.map((part) => [
        part.name,
        serviceOf(part, environmentFile(stack, release, part.name), addresses[part.name]),
      ]),
    ]),
    networks: { default: { name: network.name, external: true } },
    ...(volumes.length === 0
      ? {}
      : { volumes: Object.fromEntries(volumes.map(({ name }) => [name, { name, external: true }])) }),
  };
  // Everything quoted: readers of YAML 1.1 take 22:22, on and 1e3 for something else than text.
  return header(plan) + stringify(file, { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });
}

const header = ({ stack, network: { name, subnet, gateway, ipRange }, volumes }: Plan) =>
  [
    `What Berth runs of ${stack}, as a compose file. Written anew with each release; a change made here changes nothing.`,
    "To go on without Berth: stop and remove the stack's containers, then here: docker compose up -d",
    "(Docker Compose 2: version 1 reads quotes and dollar signs in an environment file otherwise.)",
    "The proxy is not in it: it belongs to all stacks of the server, and finds the services at the addresses below.",
    "On another machine, first:",
    `  docker network create --subnet ${subnet} --gateway ${gateway} --ip-range ${ipRange} ${name}`,
    ...volumes.map((volume) => `  docker volume create ${volume.name}`),
  ]
    .map((line) => `# ${line}\n`)
    .join("");

const serviceOf = (service: Service, envFile: string, address: string | undefined) => ({
  ...common(service, envFile),
  image: literal(service.image),
  ...(service.entrypoint === null ? {} : { entrypoint: service.entrypoint.map(literal) }),
  ...(service.user === null ? {} : { user: literal(service.user) }),
  ...(service.cpus === null ? {} : { cpus: service.cpus }),
  ...(service.capabilities.length === 0 ? {} : { cap_add: service.capabilities }),
  ...(service.health.command === null ? {} : { healthcheck: healthcheck(service.health.command) }),
  // Not "deploy": version 1 of Compose takes no notice of that.
  ...(service.replicas === 1 ? {} : { scale: service.replicas }),
  stop_grace_period: `${service.stopSeconds}s`,
  ...(service.dependsOn.length === 0 ? {} : { depends_on: service.dependsOn }),
  // Several cannot have one address; without the proxy's files nobody asks for it.
  networks: { default: address === undefined || service.replicas > 1 ? {} : { ipv4_address: address } },
});

const backingOf = (backing: Backing, envFile: string) => ({
  ...common(backing, envFile),
  image: literal(backing.image),
  healthcheck: healthcheck(backing.ready),
  cap_add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
  stop_grace_period: "60s",
});

const healthcheck = (command: readonly string[]) => ({
  test: ["CMD", ...command.map(literal)],
  ...{ interval: "5s", timeout: "5s", retries: 3 },
});

const common = ({ command, mounts, published, memoryMegabytes }: Service | Backing, envFile: string) => ({
  env_file: [envFile],
  ...(command === null ? {} : { command: command.map(literal) }),
  ...(published.length === 0
    ? {}
    : { ports: published.map(({ port, hostPort, protocol }) => `${hostPort}:${port}/${protocol}`) }),
  ...(mounts.length === 0
    ? {}
    : { volumes: mounts.map(({ volume, path }) => ({ type: "volume", source: volume, target: literal(path) })) }),
  restart: "unless-stopped",
  init: true,
  mem_limit: `${memoryMegabytes}m`,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
  logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
});

/** Compose replaces variables in every text of the file. */
const literal = (text: string) => text.replaceAll("$", "$$$$");
