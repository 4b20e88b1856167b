import type { Lock } from "../host/host.ts";
import { sh } from "../host/quote.ts";
import { type Slot, steeredPorts } from "./slots.ts";

const nft = "/usr/sbin/nft";
const table = "inet berth_steer";
/** Held for each change of the table, by units too that no lock of a run knows. */
export const steerLock = "/run/berth-steer.lock";

/** Of a firewall's chain for input: what was steered is let in, and nobody who asks for these ports by himself. */
export const steeredAccepts = [
  `tcp dport ${steeredPorts.secure} ct status dnat ct original proto-dst 443 accept`,
  `tcp dport ${steeredPorts.plain} ct status dnat ct original proto-dst 80 accept`,
];

/** As whole lines for `seen`: who steers, and what stands in the way of it. */
export const lookAtSteering = `${nft} list table ${table} 2>/dev/null
${nft} list chain inet berth input 2>/dev/null
${nft} list chains 2>/dev/null
LC_ALL=C ufw status 2>/dev/null | grep -x 'Status: active' || :`;

/** Pure: what `lookAtSteering` has printed. `unsteerable`: the firewall that would drop what was steered. */
export function readSteering(printed: string): { steered: number | null; unsteerable: string | null } {
  const steered = /dport 443 redirect to :(\d+)/.exec(printed)?.[1];
  return { steered: steered === undefined ? null : Number(steered), unsteerable: inTheWay(printed) };
}

function inTheWay(printed: string): string | null {
  if (/^Status: active$/m.test(printed)) return "ufw";
  if (/^table inet firewalld /m.test(printed)) return "firewalld";
  const dropping = [...printed.matchAll(/^table (\S+ \S+) \{\n([\s\S]*?)^\}/gm)].flatMap(
    ([, name = "", chains = ""]) => (/hook input [^;]*; policy drop;/.test(chains) ? [name] : []),
  );
  const foreign = dropping.find((name) => name !== "inet berth");
  if (foreign) return `the table ${foreign}`;
  const ours = dropping.length > 0 && !steeredAccepts.every((rule) => printed.includes(rule));
  return ours ? "Berth's own firewall, which is of an earlier version" : null;
}

/**
 * New connections to ports 80 and 443 of this server go to the slot; those that stand stay where they are. Only what is
 * addressed to the server itself: a container's own requests to the world are none of ours. Never removed again before a
 * reboot, only emptied: without any chain of this kind the kernel would forget where the steered connections lead.
 */
export async function steer(lock: Lock, to: Slot | null): Promise<void> {
  const locked = sh(`exec 7>${steerLock}; flock 7; ${nft} --file -`);
  await lock.run(locked, { input: steering(to) });
}

function steering(to: Slot | null): string {
  const rules = to
    ? `fib daddr type local tcp dport 443 redirect to :${to.port}
    fib daddr type local tcp dport 80 redirect to :${to.plainPort}`
    : "";
  // The numbers are "dstnat - 5": before the Engine's own chains; nft knows no name for it at the output.
  return `table ${table}
delete table ${table}
table ${table} {
  chain arriving {
    type nat hook prerouting priority -105;
    ${rules}
  }
  chain local {
    type nat hook output priority -105;
    ${rules}
  }
}
`;
}
