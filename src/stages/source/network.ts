import { lookup } from "node:dns/promises";
import { BlockList, isIPv6 } from "node:net";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";

/** All addresses of a host name, IPv4 and IPv6. */
export type Lookup = (host: string) => Promise<string[]>;

export const systemLookup: Lookup = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * The addresses of a git server or registry, each of them allowed. The caller pins the connection to them, so that a name that
 * answers otherwise the second time leads nowhere else. Throws `host_not_found` or `private_address_refused`.
 */
export async function allowedAddresses(
  { host }: { host: string },
  { allowPrivateAddresses, lookup }: { allowPrivateAddresses: boolean; lookup: Lookup },
  what: "git server" | "registry" = "git server",
): Promise<string[]> {
  const addresses = await lookup(host).catch((error: unknown) => {
    throw hostNotFound(what, host, error);
  });
  if (addresses.length === 0) throw hostNotFound(what, host, "It has no address.");
  const inside = allowPrivateAddresses ? undefined : addresses.find(isPrivate);
  if (inside) throw privateAddress(what, host, inside);
  return addresses;
}

/** Whether an address leads to this machine, its network or a cloud's metadata instead of to the public internet. */
export function isPrivate(address: string): boolean {
  const zoneless = address.replace(/%.*$/, "");
  return isIPv6(zoneless) ? notPublic6.check(zoneless, "ipv6") : notPublic4.check(zoneless, "ipv4");
}

const notPublic4 = new BlockList();
for (const range of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  notPublic4.addSubnet(range[0], range[1], "ipv4");
}
// A list of its own: BlockList takes an IPv4 address for its mapped form, which is refused below.
const notPublic6 = new BlockList();
// The translated forms (mapped, NAT64, 6to4, Teredo) can carry any IPv4 address, so none of them is followed.
for (const range of [
  ["::", 96],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 32],
  ["2001::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
] as const) {
  notPublic6.addSubnet(range[0], range[1], "ipv6");
}

const hostNotFound = (what: string, host: string, error: unknown) =>
  new BerthError({
    code: "host_not_found",
    message: `The ${what}'s name could not be resolved.`,
    object: cleanLine(host),
    cause: cleanLine(error instanceof Error ? error.message : String(error)),
    next: "Check the spelling of the host and this machine's connection to the network.",
  });

const privateAddress = (what: string, host: string, address: string) =>
  new BerthError({
    code: "private_address_refused",
    message: `The ${what} is in a private network or on this machine, which is not allowed.`,
    object: cleanLine(host),
    cause: `${cleanLine(host)} is ${address}. An address that somebody else gave could reach services that trust this machine.`,
    next: `If you know this ${what}, set BERTH_ALLOW_PRIVATE_ADDRESSES=1 and repeat the command.`,
  });
