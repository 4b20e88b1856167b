import { join } from "node:path";
import { docker, dockerWords } from "../engine.ts";
import { containerName, type Lab } from "../names.ts";
import { need } from "../packages.ts";
import { startDaemon, untilDaemon } from "../processes.ts";
import { readServer } from "../server.ts";
import { run } from "../shell.ts";
import { type Fault, inflict, line, type Span } from "./inflict.ts";

/**
 * Drops every packet from and to a server, of connections that stand too: silence, as behind a cut line. Goes by address, so
 * it outlasts a reboot. Neighbours may still be found: else this machine would say "no route" where a far one hears nothing.
 */
export async function cutNetwork(lab: Lab, server: string, { seconds }: Span): Promise<Fault> {
  await need("nft");
  const { address, address6 } = await readServer(lab, server);
  const table = `bridge ${lab.name}_cut_${server}`.replaceAll("-", "_");
  const chain = (hook: string, side: string) => `chain ${hook} { type filter hook ${hook} priority -310;
    ip ${side} ${address} drop;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept;
    ip6 ${side} ${address6} drop; }`;
  // Added first, since what is not there cannot be deleted.
  const undo = [line("nft", `add table ${table}; delete table ${table}`)];
  return inflict(lab, `cut-${server}`, { seconds, undo }, () =>
    run("nft", [
      `table ${table} {
${chain("prerouting", "saddr")}
${chain("postrouting", "daddr")}
}`,
    ]),
  );
}

/** An address of this machine for `slowNetwork`, apart from those of servers and of what the Engine starts. */
export const farAddress = (lab: Lab): string => lab.gateway.replace(/0\.1$/, "65.1");

/**
 * Whole packets from the server reach this machine, and what lies behind it, so much later; handshakes too. The whole round
 * trip is spent on that way: to both ends it is as if each had its half. Outlasts a reboot. `to`: an address that this
 * machine has meanwhile, and what goes there alone is slow: whoever binds to it is far away, and all others are near.
 */
export async function slowNetwork(
  lab: Lab,
  server: string,
  { roundTripMs, seconds, to }: Span & { roundTripMs: number; to?: string },
): Promise<Fault> {
  await need("python3", "iptables");
  const name = `slow-${server}`;
  const { address, address6 } = await readServer(lab, server);
  const [, net = 0, , number = 0] = address.split(".").map(Number);
  const queue = String(net * 256 + number);
  const place = (verb: string) => ["address", verb, `${to}/32`, "dev", lab.bridge];
  // Not at the sender's end of the way: what waits there counts as unsent, and the sender would hold back.
  const held = (chain: string, ...which: string[]) =>
    [chain, ...which, "-j", "NFQUEUE", "--queue-num", queue, "--queue-bypass"] as const;
  const all = ["INPUT", "FORWARD"].flatMap((chain) => [
    ["iptables", held(chain, "-s", address)] as const,
    ["ip6tables", held(chain, "-s", address6)] as const,
  ]);
  const rules = to === undefined ? all : [["iptables", held("INPUT", "-s", address, "-d", to)] as const];
  const act = (program: string, action: string, words: readonly string[]) => [
    ...[program, "-w", "-t", "mangle", action],
    ...words,
  ];
  const undo = rules.map(([program, words]) => {
    const there = line(...act(program, "-C", words));
    return `if ${there} 2>/dev/null; then ${line(...act(program, "-D", words))}; fi`;
  });
  if (to !== undefined) undo.push(`${line("ip", ...place("del"))} 2>/dev/null || :`);
  return inflict(lab, name, { seconds, undo }, async () => {
    if (to !== undefined) await run("ip", place("replace"));
    await startLine(lab, name, [queue, String(roundTripMs), join(lab.run, "faults", name)]);
    for (const [program, words] of rules) await run(program, act(program, "-A", words).slice(1));
  });
}

/** The process that holds the packets back; it ends by itself when the fault's folder is gone. */
async function startLine(lab: Lab, name: string, [queue = "", ...args]: string[]): Promise<void> {
  const role = `line-${name}`;
  // The system's own: another Python in PATH may be anything.
  startDaemon(lab, role, "/usr/bin/python3", [join(import.meta.dirname, "line.py"), queue, ...args]);
  await untilDaemon(lab, role, async () => ((await queues()).includes(queue) ? true : undefined));
}

/** The numbers of the queues that somebody reads. */
const queues = async () =>
  (await run("cat", ["/proc/net/netfilter/nfnetlink_queue"])).split("\n").map((row) => row.trim().split(/\s+/)[0]);

/** Both ways take no more than so many Mbit/s. It is of the server's link, which a reboot makes anew. */
export async function throttleNetwork(
  lab: Lab,
  server: string,
  { mbit, seconds }: Span & { mbit: number },
): Promise<Fault> {
  await need("tc");
  const container = containerName(lab, server);
  const peer = await docker(lab, ["exec", container, "cat", "/sys/class/net/eth0/iflink"]);
  const links = JSON.parse(await run("ip", ["-json", "link", "show"])) as { ifindex: number; ifname: string }[];
  const near = links.find(({ ifindex }) => ifindex === Number(peer))?.ifname;
  if (near === undefined) throw new Error(`${server} hangs on no link of this machine`);
  const limit = ["tbf", "rate", `${mbit}mbit`, "burst", "64kb", "latency", "200ms"];
  const inside = (...words: string[]) => dockerWords(lab, "exec", container, "tc", "qdisc", ...words);
  const undo = [
    `${line("tc", "qdisc", "del", "dev", near, "root")} 2>/dev/null || :`,
    `${line(...inside("del", "dev", "eth0", "root"))} 2>/dev/null || :`,
  ];
  return inflict(lab, `throttle-${server}`, { seconds, undo }, async () => {
    await run("tc", ["qdisc", "replace", "dev", near, "root", ...limit]);
    const [program = "", ...args] = inside("replace", "dev", "eth0", "root", ...limit);
    await run(program, args);
  });
}
