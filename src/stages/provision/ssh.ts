import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host, Lock } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { defineStep, type StageContext } from "../context.ts";
import { reasonOf } from "./reason.ts";
import { arm, disarm, fire, isArmed, proveWayIn, takeBack } from "./revert.ts";
import { dropIn, lockingOut, offeredMethods, parseEffective, sshdDropIn, wrongOptions } from "./sshd-config.ts";
import { wayIn } from "./way-in.ts";

const sshd = "/usr/sbin/sshd";
const saved = "/var/lib/berth/revert/00-berth.conf";

/** Keys only. Nothing is changed before a second login by key was proved, and all is taken back where none is proved after. */
export const secureSsh = defineStep({
  kind: "provision.ssh",
  effect: "change",
  input: z.object({ user: z.string().regex(/^[a-z_][a-z0-9_.-]*\$?$/i) }),
  before: z.object({ wrong: z.array(z.string()) }),
  output: z.object({ passwordLogin: z.literal(false) }),
  title: ({ user }) => `turn password logins off; ${user} logs in by key`,
  async observe({ user }, ctx) {
    const wrong = await lookFor(user, ctx.host);
    return wrong.length === 0 ? { output: { passwordLogin: false as const } } : { before: { wrong } };
  },
  apply: ({ user }, _before, ctx) => harden(user, ctx),
});

/** What is not as it must be: in the configuration, and in what the running sshd really offers. */
async function lookFor(user: string, host: Host): Promise<string[]> {
  const wrong = wrongOptions(await effective(user, host));
  if ((await readFile(host, dropIn)) === undefined) wrong.push(`${dropIn} is missing`);
  if (await isArmed(host, "ssh")) wrong.push("the way in was not proved");
  const offered = (await offeredNow(user, host)) ?? [];
  return [
    ...wrong,
    ...offered.filter((way) => way === "password" || way === "keyboard-interactive").map((way) => `offered: ${way}`),
  ];
}

const effective = async (user: string, host: Host): Promise<Map<string, string>> =>
  parseEffective(await settingsFor(`user=${user},host=localhost,addr=127.0.0.1`, host));

/** What the files say to a connection like this one; the running sshd may not have read them yet. */
async function settingsFor(connection: string, host: Host): Promise<string> {
  const { code, stdout, stderr } = await host.exec([sshd, "-T", "-C", connection]);
  if (code === 0) return stdout;
  throw refusal("ssh_config_invalid", "sshd's configuration on the server is not valid.", host, stderr);
}

/** A file that says "no" is not enough: sshd may not have read it. Undefined where the server cannot ask itself. */
async function offeredNow(user: string, host: Host): Promise<string[] | undefined> {
  const way = await wayIn(host);
  if (!way) return undefined;
  const ask = ["BatchMode=yes", "ConnectTimeout=5", "PreferredAuthentications=none", "StrictHostKeyChecking=no"];
  const options = [...ask, "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"].flatMap((option) => ["-o", option]);
  const { stderr } = await host.exec([
    "ssh",
    "-F",
    "none",
    ...options,
    "-p",
    String(way.port),
    "-l",
    user,
    "--",
    way.address,
    "true",
  ]);
  return offeredMethods(stderr);
}

// In /run, since a boot reads the files by itself: whether sshd has to be told of the undo.
const told = "/run/berth-ssh-told";

// What others changed in the files and did not put into force stays theirs to put into force: sshd is told only where we
// have told it before. An sshd that did not survive that is started anew.
const undo = `if [ -e ${saved} ]; then cp -p ${saved} ${dropIn}.next && mv -f ${dropIn}.next ${dropIn}; else rm -f ${dropIn}; fi
if [ -e ${told} ]; then
  systemctl try-reload-or-restart ssh.service
  sleep 1
  if ! systemctl is-active --quiet ssh.service && ! systemctl is-active --quiet ssh.socket; then
    systemctl reset-failed ssh.service; systemctl restart ssh.service
  fi
  rm -f ${told}
fi`;

async function harden(user: string, ctx: StageContext): Promise<void> {
  const { host } = ctx;
  const lock = await ctx.lock("server");
  // What a worker that died has left unproved must not pass for what was there before.
  if (await isArmed(host, "ssh")) await fire(lock, "ssh");
  await proveWayIn(ctx).catch((error: unknown) => {
    throw refusal(
      "ssh_key_login_unproved",
      "A second login by key did not come through, so password logins stay on.",
      host,
      error,
    );
  });
  await assertLetsIn(user, host);
  const content = await contentFor(user, host);
  const keep = 'mkdir -p "$(dirname "$1")"; rm -f "$1" "$3"; [ ! -e "$2" ] || cp -p "$2" "$1"';
  await lock.run(sh(keep, saved, dropIn, told));
  await arm(lock, { name: "ssh", undo });
  try {
    await writeFile(lock, dropIn, content, { mode: "644" });
    await takeEffect(user, host, lock);
    await proveWayIn(ctx).catch((error: unknown) => {
      throw refusal(
        "ssh_locks_out",
        "With the new SSH settings no login came through, so they were taken back.",
        host,
        error,
      );
    });
  } catch (error) {
    await takeBack(lock, "ssh", error);
  }
  await disarm(lock, "ssh");
  await lock.run(["rm", "-f", saved, told]);
}

/** To tell sshd puts into force what others have changed as well, and no undo of ours would take that back. */
async function assertLetsIn(user: string, host: Host): Promise<void> {
  const way = await wayIn(host);
  if (!way) return;
  const bySocket = (await host.exec(["systemctl", "is-active", "--quiet", "ssh.socket"])).code === 0;
  const { client, address, port } = way;
  const connection = `user=${user},host=${client},addr=${client},laddr=${address},lport=${port}`;
  const wrong = lockingOut(await settingsFor(connection, host), {
    user,
    groups: (await host.read(["id", "-Gn", user])).trim().split(/\s+/),
    client,
    listening: bySocket ? undefined : { address, port },
  });
  if (wrong.length === 0) return;
  throw new BerthError({
    code: "ssh_pending_locks_out",
    message: `SSH settings on the server that are not in force yet would lock ${user} out, so nothing was changed.`,
    object: host.name,
    cause: wrong.join(", "),
    next: "Correct them (sshd -T; ls /etc/ssh/sshd_config.d), reload sshd and log in once more; then deploy again.",
  });
}

/** Root's login is limited where it is open now, and where our own file is what limits it. */
async function contentFor(user: string, host: Host): Promise<string> {
  const ours = (await readFile(host, dropIn)) ?? "";
  const open = (await effective(user, host)).get("permitrootlogin") === "yes";
  return sshdDropIn({ user, limitRoot: open || ours.includes("PermitRootLogin") });
}

async function takeEffect(user: string, host: Host, lock: Lock): Promise<void> {
  const check = await host.exec([sshd, "-t"]);
  if (check.code !== 0) {
    throw refusal("ssh_config_invalid", "sshd refuses its configuration, so ours was taken back.", host, check.stderr);
  }
  const wrong = wrongOptions(await effective(user, host));
  if (wrong.length > 0) {
    throw refusal(
      "ssh_not_effective",
      "Other settings of sshd win over ours, so ours were taken back.",
      host,
      wrong.join(", "),
    );
  }
  await lock.run(["touch", told]);
  await lock.run(["systemctl", "try-reload-or-restart", "ssh.service"]);
}

const refusal = (code: string, message: string, host: Host, cause: unknown) =>
  new BerthError({
    code,
    message,
    object: host.name,
    cause: reasonOf(cause),
    next: "Look at sshd's settings on the server (sshd -T; ls /etc/ssh/sshd_config.d), then deploy again.",
  });
