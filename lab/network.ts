import { readFile, writeFile } from "node:fs/promises";
import type { Lab } from "./names.ts";
import { attempt, run, succeeds } from "./shell.ts";

/** The lab's bridge with this machine's addresses on it, and the way out for what hangs on it. */
export async function startNetwork(lab: Lab): Promise<void> {
  await refuseForeignAddress(lab);
  if (!(await succeeds("ip", ["link", "show", lab.bridge])))
    await run("ip", ["link", "add", lab.bridge, "type", "bridge"]);
  // The lower half: the upper is for networks that are made on the lab's Engine.
  await run("ip", ["address", "replace", `${lab.gateway}/17`, "dev", lab.bridge]);
  await run("ip", ["link", "set", lab.bridge, "up"]);
  await writeFile(`/proc/sys/net/ipv6/conf/${lab.bridge}/disable_ipv6`, "0").catch(() => undefined);
  await run("ip", ["-6", "address", "replace", `${lab.gateway6}/64`, "dev", lab.bridge, "nodad"]);
  const forwarding = "/proc/sys/net/ipv4/ip_forward";
  if ((await readFile(forwarding, "utf8")).trim() === "0") await writeFile(forwarding, "1");
  for (const rule of rules(lab)) await present(rule);
}

/** Takes away what `startNetwork` made; what is not there is left. */
export async function stopNetwork(lab: Lab): Promise<void> {
  for (const rule of rules(lab)) await absent(rule);
  await attempt("ip", ["link", "delete", lab.bridge]);
}

async function refuseForeignAddress(lab: Lab): Promise<void> {
  const { stdout } = await attempt("ip", ["-json", "address", "show", "to", lab.network]);
  const links = (JSON.parse(stdout || "[]") as { ifname?: string }[]).flatMap(({ ifname }) => ifname ?? []);
  const other = links.find((name) => name !== lab.bridge && !name.startsWith("br-"));
  if (other)
    throw new Error(`${lab.network} is in use by ${other}: give the lab another name (its network follows from it)`);
}

interface Rule {
  program: "iptables" | "ip6tables";
  table: string;
  chain: string;
  words: string[];
}

/**
 * The Engine itself must leave iptables alone (a second one would empty the first one's chains), so this is all there is:
 * the way out, the way through where Docker or ufw has closed it, and the way to the registry and the authority here.
 */
function rules(lab: Lab): Rule[] {
  const comment = ["-m", "comment", "--comment", lab.name];
  const v4 = (table: string, chain: string, ...words: string[]): Rule => ({
    program: "iptables",
    table,
    chain,
    words: [...words.slice(0, -1), ...comment, "-j", words.at(-1) ?? ""],
  });
  return [
    v4("nat", "POSTROUTING", "-s", lab.network, "!", "-d", lab.network, "MASQUERADE"),
    v4("filter", "FORWARD", "-s", lab.network, "ACCEPT"),
    v4("filter", "FORWARD", "-d", lab.network, "ACCEPT"),
    v4("filter", "INPUT", "-i", lab.bridge, "-s", lab.network, "ACCEPT"),
    { ...v4("filter", "FORWARD", "-s", lab.network6, "-d", lab.network6, "ACCEPT"), program: "ip6tables" },
    { ...v4("filter", "INPUT", "-i", lab.bridge, "-s", lab.network6, "ACCEPT"), program: "ip6tables" },
  ];
}

const isThere = ({ program, table, chain, words }: Rule) =>
  succeeds(program, ["-w", "-t", table, "-C", chain, ...words]);

async function present(rule: Rule): Promise<void> {
  if (await isThere(rule)) return;
  await run(rule.program, ["-w", "-t", rule.table, "-I", rule.chain, ...rule.words]);
}

async function absent(rule: Rule): Promise<void> {
  while (await isThere(rule)) await run(rule.program, ["-w", "-t", rule.table, "-D", rule.chain, ...rule.words]);
}
