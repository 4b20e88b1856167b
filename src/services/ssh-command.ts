import { BerthError } from "../kit/error.ts";
import { serverOf } from "../store/servers.ts";
import { stackOf } from "../store/stacks.ts";
import type { Berth } from "./berth.ts";
import { findServer } from "./connect.ts";

/**
 * The words of the system's own ssh to the server of a stack, or to one by its name, which then takes the host key that
 * is pinned here and no other. Throws `no_such_server`, `not_pinned`.
 */
export async function sshCommand({ config, store }: Berth, wanted: string, command: readonly string[]) {
  const name = stackOf(store, wanted)?.server ?? wanted;
  const known = serverOf(store, name);
  if (!known) throw unknown(wanted);
  const { target, pinned, stored } = await findServer(config, store, name);
  if (pinned === undefined) throw notPinned(name);
  const { identityFile } = stored.facts as { identityFile?: string | undefined };
  return sshWords({ address: stored.target, user: target.user, pinned, identityFile, command });
}

/** ssh shows the server's key to a command and believes what that says of it: all that it says is this one key. */
function sshWords(to: {
  address: string;
  user: string;
  pinned: string;
  identityFile: string | undefined;
  command: readonly string[];
}): string[] {
  // A failure of this command would be told before the refusal, so it never fails.
  const judge = `/usr/bin/env sh -c 'test "$1" = "${to.pinned}" && echo "$2 $3 $4"; :' sh %f %H %t %K`;
  return [
    ...["-o", `KnownHostsCommand=${judge}`],
    ...["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=none", "-o", "GlobalKnownHostsFile=none"],
    ...["-o", "UpdateHostKeys=no", "-l", to.user],
    ...(to.identityFile === undefined ? [] : ["-i", to.identityFile]),
    ...["--", to.address, ...to.command],
  ];
}

const unknown = (wanted: string) =>
  new BerthError({
    code: "no_such_server",
    message: "This computer knows neither a stack nor a server of this name.",
    object: wanted,
    cause: "It was never named here, or is in another state folder.",
    next: "berth servers list, or berth status, says what is known",
  });

const notPinned = (name: string) =>
  new BerthError({
    code: "not_pinned",
    message: "No host key of this server is pinned here yet.",
    object: name,
    cause: "A key is pinned with the first plan that is approved for the server.",
    next: `Apply a plan first (berth up SOURCE --server ${name}), or go there by ssh itself.`,
  });
