import { createHash } from "node:crypto";

/** Where one lab lives. All that it has on the machine bears its name, so that labs stand side by side. */
export interface Lab {
  name: string;
  /** What a reboot of the machine leaves: the Engine's data, keys, servers. */
  dir: string;
  /** What a reboot takes: sockets. */
  run: string;
  /** Base images, locks: shared by all labs of the machine. */
  bases: string;
  /** Its link, named as the lab: at most 15 characters. */
  bridge: string;
  /** All of its IPv4 addresses; a network made on its Engine names a subnet of the upper half. */
  network: string;
  network6: string;
  /** This machine, as the lab's containers reach it. */
  gateway: string;
  gateway6: string;
  /** HOST:PORT, plain http, of the registry with the base images. */
  registry: string;
  /** DOCKER_HOST of its Engine. */
  engine: string;
}

export const basesFolder = "/var/lib/berth-lab-bases";

/** Programs of others that tests and bench start, one folder each: shared by all labs, left by `down`. */
export const toolsFolder = "/var/lib/berth-lab-tools";

/** The lab of that name: values only, nothing is touched. */
export function openLab(name = "berth-lab"): Lab {
  if (!/^[a-z][a-z0-9-]{1,14}$/.test(name) || [basesFolder, toolsFolder].includes(`/var/lib/${name}`)) {
    throw new Error(`"${name}" cannot name a lab: 2 to 15 of a-z, 0-9 and -, beginning with a letter`);
  }
  const net = networkNumber(name);
  const gateway = `10.${net}.0.1`;
  return {
    name,
    dir: `/var/lib/${name}`,
    run: `/run/${name}`,
    bases: basesFolder,
    bridge: name,
    network: `10.${net}.0.0/16`,
    network6: `fd10:${net}::/64`,
    gateway,
    gateway6: `fd10:${net}::1`,
    registry: `${gateway}:5005`,
    engine: `unix:///run/${name}/docker.sock`,
  };
}

/** The second number of 10.N.0.0/16. Two names may meet in one: `up` then says so. */
function networkNumber(name: string): number {
  if (name === "berth-lab") return 210;
  if (name === "berth-test") return 212;
  return 213 + ((createHash("sha256").update(name).digest()[0] ?? 0) % 40);
}

/** The addresses of the lab's server number N (2 to 254): apart from those that the Engine gives away by itself. */
export function serverAddresses(lab: Lab, number: number): { address: string; address6: string } {
  return {
    address: lab.gateway.replace(/0\.1$/, `64.${number}`),
    address6: lab.gateway6.replace(/1$/, `64:${number}`),
  };
}

const reserved = new Set(["rm", "stop", "start", "reboot", "list"]);

/** The container of a server; throws where the name is not one that a host may have. */
export function containerName(lab: Lab, server: string): string {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(server) || reserved.has(server)) {
    throw new Error(`"${server}" cannot name a server: a-z, 0-9 and -, beginning with a letter, and not a command`);
  }
  return `${lab.name}-${server}`;
}
