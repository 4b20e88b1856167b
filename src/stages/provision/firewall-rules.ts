import { steeredAccepts } from "../../proxies/steer.ts";

export interface FirewallPorts {
  /** Stay open, whatever else closes. */
  sshPorts: readonly number[];
  openPorts: readonly { port: number; protocol: "tcp" | "udp" }[];
}

/**
 * The firewall as one file of nft, IPv4 and IPv6 in one table; the same ports give the same bytes. The table is replaced
 * whole, in one transaction. It touches no table of Docker's or of anybody else's.
 */
export function firewallRules({ sshPorts, openPorts }: FirewallPorts): string {
  const of = (protocol: "tcp" | "udp") => openPorts.flatMap((open) => (open.protocol === protocol ? [open.port] : []));
  const tcp = list([...sshPorts, ...of("tcp")]);
  const udp = list(of("udp"));
  // With a protocol's ports left empty its rules are left out: nft takes no empty set.
  const open = (rule: (protocol: string, ports: string) => string) =>
    [tcp && rule("tcp", tcp), udp && rule("udp", udp)].filter(Boolean).join("\n    ");
  return `#!/usr/sbin/nft -f
# Berth's firewall, made from the plan of the last deploy, which would undo a change made here.
table inet berth
delete table inet berth
table inet berth {
  # What is addressed to this server itself.
  chain input {
    type filter hook input priority filter; policy drop;
    ct state { established, related } accept
    iifname "lo" accept
    ct state invalid drop
    icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept
    icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    icmpv6 type { mld-listener-query, mld-listener-report, mld2-listener-report } ip6 saddr fe80::/10 accept
    udp sport 67 udp dport 68 accept
    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
    ${open((protocol, ports) => `${protocol} dport { ${ports} } accept`)}
    ${steeredAccepts.join("\n    ")}
    iifname "docker0" meta l4proto { tcp, udp } th dport 53 accept
    iifname "br-*" meta l4proto { tcp, udp } th dport 53 accept
  }

  # What is passed on to containers: Docker's published ports never come to the chain above. Containers may talk to each
  # other and to the world, and what this server forwards otherwise (a VPN) is not our business.
  chain forward {
    type filter hook forward priority filter - 5; policy accept;
    ct state { established, related } accept
    iifname "docker0" accept
    iifname "br-*" accept
    iifname "docker_gwbridge" accept
    ${open((protocol, ports) => `meta l4proto ${protocol} ct status dnat ct original proto-dst { ${ports} } accept`)}
    ct status dnat drop
    oifname "docker0" drop
    oifname "br-*" drop
    oifname "docker_gwbridge" drop
  }
}
`;
}

const list = (ports: readonly number[]) => [...new Set(ports)].sort((a, b) => a - b).join(", ");

export const firewallFile = "/etc/berth/firewall.nft";

/** Loads the file at each boot, before the network is up. Nothing keeps running, and stopping it opens nothing. */
export const firewallUnit = `[Unit]
Description=Berth's firewall
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target
RequiresMountsFor=/etc/berth

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${firewallFile}
ExecReload=/usr/sbin/nft -f ${firewallFile}

[Install]
WantedBy=sysinit.target
`;
