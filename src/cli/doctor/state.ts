import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { failureOf } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import type { Config } from "../../services/config.ts";
import { listServers } from "../../services/servers.ts";
import { openBerth } from "../../services.ts";
import { bad, type Check, ok, warn } from "./check.ts";

const megabyte = 1024 * 1024;

/** The state folder, and what lies in it. Nothing is made: a folder that is missing stays so. */
export function stateChecks(config: Config): Check[] {
  const { home } = config;
  if (!existsSync(home)) return [ok("state folder", `${home} is made when Berth is first used`), space(home)];
  const mode = statSync(home).mode & 0o777;
  if (mode & 0o077)
    return [bad("state folder", `${home} can be read by others (mode ${mode.toString(8)})`, `chmod 700 ${home}`)];
  return [...opened(config), space(home)];
}

function opened(config: Config): Check[] {
  const { home } = config;
  if (!existsSync(join(home, "berth.db"))) return [ok("state folder", `${home} is empty so far`)];
  const hadKey = existsSync(join(home, "grant-key.json"));
  try {
    const berth = openBerth(config);
    try {
      const servers = listServers(berth).map(({ name }) => cleanLine(name));
      return [
        ok("state folder", `${home} opens, for you alone`),
        approvals(hadKey, berth.grantKey.sealed),
        ok("servers", servers.length > 0 ? `${servers.join(", ")} (not contacted)` : "none is known here so far"),
      ];
    } finally {
      berth.close();
    }
  } catch (error) {
    const { message, cause, next } = failureOf(error);
    return [bad("state folder", cleanLine(`${home}: ${message} ${cause}`), next)];
  }
}

function approvals(hadKey: boolean, sealed: boolean): Check {
  if (!hadKey) return ok("approvals", "the key that signs them is made just now, without a passphrase");
  if (sealed) return ok("approvals", "signed with a key under a passphrase, which only a terminal asks for");
  return ok("approvals", "signed with a key that whoever runs as you can read: it has no passphrase");
}

function space(home: string): Check {
  const { bavail, bsize } = statfsSync(nearest(home));
  const free = Math.floor((bavail * bsize) / megabyte);
  const text = `${free >= 10_240 ? `${Math.floor(free / 1024)} GB` : `${free} MB`} free for sources, logs and plans`;
  if (free < 100) return bad("disk", text, "Free some space: a source is copied before it is read.");
  return free < 1024 ? warn("disk", text, "Free some space: a large source may not fit.") : ok("disk", text);
}

const nearest = (path: string): string => (existsSync(path) || dirname(path) === path ? path : nearest(dirname(path)));
