import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host, Lock } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { defineStep, type StageContext } from "../context.ts";
import { reasonOf } from "./reason.ts";
import { arm, disarm, fire, isArmed, proveWayIn } from "./revert.ts";
import { dropIn, offeredMethods, parseEffective, sshdDropIn, wrongOptions } from "./sshd-config.ts";
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

async function effective(user: string, host: Host): Promise<Map<string, string>> {
  const { code, stdout, stderr } = await host.exec([sshd, "-T", "-C", `user=${user},host=localhost,addr=127.0.0.1`]);
  if (code === 0) return parseEffective(stdout);
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

const undo = `if [ -e ${saved} ]; then mv -f ${saved} ${dropIn}; else rm -f ${dropIn}; fi
systemctl try-reload-or-restart ssh.service`;

async function harden(user: string, ctx: StageContext): Promise<void> {
  const { host } = ctx;
  const lock = await ctx.lock("server");
  await proveWayIn(ctx).catch((error: unknown) => {
    throw refusal(
      "ssh_key_login_unproved",
      "A second login by key did not come through, so password logins stay on.",
      host,
      error,
    );
  });
  const content = await contentFor(user, host);
  await lock.run(sh(`mkdir -p "$(dirname "$1")"; rm -f "$1"; [ ! -e "$2" ] || cp -p "$2" "$1"`, saved, dropIn));
  await arm(lock, { name: "ssh", undo, seconds: 60 });
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
    await fire(lock, "ssh");
    throw error;
  }
  await disarm(lock, "ssh");
  await lock.run(["rm", "-f", saved]);
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
