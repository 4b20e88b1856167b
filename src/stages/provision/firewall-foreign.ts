import type { Host, Lock } from "../../host/host.ts";

type Kind = "ufw" | "firewalld";
type OpenPorts = readonly { port: number; protocol: "tcp" | "udp" }[];

const name = ({ port, protocol }: OpenPorts[number]) => `${port}/${protocol}`;

/** A firewall that a person has set up before us, and whether the ports are open in it. It stays theirs. */
export async function foreignFirewall(
  host: Host,
  ports: OpenPorts,
): Promise<{ kind: Kind; open: boolean } | undefined> {
  const ufw = await host.exec(["env", "LC_ALL=C", "ufw", "status"]);
  if (ufw.code === 0 && ufw.stdout.startsWith("Status: active")) {
    return { kind: "ufw", open: ports.every((port) => ufwAllows(ufw.stdout, name(port))) };
  }
  const firewalld = await host.exec(["firewall-cmd", "--state"]);
  if (firewalld.code !== 0) return undefined;
  const queries = await Promise.all(
    ports.flatMap((port) =>
      [[], ["--permanent"]].map((way) => host.exec(["firewall-cmd", ...way, `--query-port=${name(port)}`])),
    ),
  );
  return { kind: "firewalld", open: queries.every(({ code }) => code === 0) };
}

/** Whether `ufw status` lists a port as open to anybody, in IPv4 and, where it lists IPv6 at all, in IPv6; pure. */
export function ufwAllows(status: string, port: string): boolean {
  const rules = status.split("\n").flatMap((line) => {
    const [, to, six, from] = /^(\S+)( \(v6\))?\s+ALLOW(?: IN)?\s+Anywhere( \(v6\))?/.exec(line) ?? [];
    return to === port || to === port.split("/")[0] ? [{ six: six !== undefined || from !== undefined }] : [];
  });
  return rules.some(({ six }) => !six) && (rules.some(({ six }) => six) || !status.includes("(v6)"));
}

/** Opens the ports in it, now and for later. */
export async function openInForeign(lock: Lock, kind: Kind, ports: OpenPorts): Promise<void> {
  for (const port of ports) {
    if (kind === "ufw") await lock.run(["ufw", "allow", name(port)]);
    else {
      await lock.run(["firewall-cmd", "--permanent", `--add-port=${name(port)}`]);
      await lock.run(["firewall-cmd", `--add-port=${name(port)}`]);
    }
  }
}
