import { setTimeout as sleep } from "node:timers/promises";
import type { Host, Lock } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError, failureOf } from "../../kit/error.ts";
import { until } from "../../kit/wait.ts";
import type { StageContext } from "../context.ts";

/** What the server does by itself if nobody proves in time that the way in is still open. */
export interface Revert {
  /** `ssh`, `firewall` */
  name: string;
  /** Shell script that brings back what was. Run once, or again after a reboot in the middle of it; then before sshd starts. */
  undo: string;
}

const seconds = 60;

const folder = "/var/lib/berth/revert";
const unit = (name: string) => `/etc/systemd/system/berth-revert-${name}`;

// Stopped by name first, not by `disable --now`: that passes over a timer whose file is gone, and a timer that runs on
// would not be started anew. Units on disk rather than a transient timer: a reboot before the proof must not make an
// unproved change permanent, so at a boot the undo is run at once, and the timer stands behind it. That is a unit of its own:
// one that stands before ssh.service waits for ever where it tells that one to reload.
const armScript = `set -eu; umask 077; name=$1 seconds=$2 undo=$3 folder=$4 unit=$5
systemctl stop "berth-revert-$name.timer" 2>/dev/null || :
systemctl disable --quiet "berth-revert-$name.timer" "berth-revert-$name-boot.service" 2>/dev/null || :
mkdir -p "$folder"; rm -f "$folder/$name.fired"
cat >"$folder/$name.sh" <<SCRIPT
$undo
touch "$folder/$name.fired"
systemctl stop "berth-revert-$name.timer"
rm -f "$unit.timer" "$unit.service" "$unit-boot.service"
rm -f "/etc/systemd/system/timers.target.wants/berth-revert-$name.timer"
rm -f "/etc/systemd/system/multi-user.target.wants/berth-revert-$name-boot.service"
systemctl daemon-reload
SCRIPT
cat >"$unit.service" <<UNIT
[Unit]
Description=Berth: takes back $name, since no new login was proved
[Service]
Type=oneshot
TimeoutStartSec=40
ExecStart=/bin/sh $folder/$name.sh
UNIT
cat >"$unit-boot.service" <<UNIT
[Unit]
Description=Berth: takes back $name, of which no new login was proved before this boot
RequiresMountsFor=$folder
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/bin/sh $folder/$name.sh
[Install]
WantedBy=multi-user.target
UNIT
cat >"$unit.timer" <<UNIT
[Unit]
Description=Berth: takes back $name unless a new login is proved
[Timer]
OnActiveSec=$seconds
AccuracySec=1s
[Install]
WantedBy=timers.target
UNIT
sync "$folder/$name.sh" "$unit.service" "$unit-boot.service" "$unit.timer"
systemctl daemon-reload
systemctl enable --quiet "berth-revert-$name-boot.service" "berth-revert-$name.timer"
systemctl start "berth-revert-$name.timer"`;

/** Starts the clock. An earlier one of the same name, left by a worker that died, is replaced. */
export const arm = (lock: Lock, { name, undo }: Revert): Promise<string> =>
  lock.run(sh(armScript, name, String(seconds), undo, folder, unit(name)));

/** Whether a clock is running: then what lies there was not proved, whatever it looks like. */
export const isArmed = async (host: Host, name: string): Promise<boolean> =>
  (await host.exec(["test", "-e", `${unit(name)}.timer`])).code === 0;

const disarmScript = `set -eu; name=$1 folder=$2 unit=$3
systemctl stop "berth-revert-$name.timer" 2>/dev/null || :
systemctl disable --quiet "berth-revert-$name.timer" "berth-revert-$name-boot.service" 2>/dev/null || :
while [ "$(systemctl is-active "berth-revert-$name.service")" = activating ]; do sleep 0.2; done
rm -f "$unit.timer" "$unit.service" "$unit-boot.service" "$folder/$name.sh"; systemctl daemon-reload
if [ -e "$folder/$name.fired" ]; then rm -f "$folder/$name.fired"; echo fired; fi`;

/** Stops the clock; false where it was too late, and the server has taken the change back. */
export const disarm = async (lock: Lock, name: string): Promise<boolean> =>
  (await lock.run(sh(disarmScript, name, folder, unit(name)))) !== "fired";

/** Takes the change back at once, over the connection that still stands. */
export async function fire(lock: Lock, name: string): Promise<void> {
  await lock.exec(["systemctl", "start", `berth-revert-${name}.service`]);
  await disarm(lock, name);
}

/** Takes the change back and throws why; where the connection is gone too, the server does it by itself. */
export async function takeBack(lock: Lock, name: string, why: unknown): Promise<never> {
  await fire(lock, name).catch(() => {
    const { cause, ...failure } = failureOf(why);
    const after = `Nor does the old connection answer: the server takes the change back by itself within ${seconds} s.`;
    throw new BerthError({ ...failure, cause: `${cause} ${after}` });
  });
  throw why;
}

const proofMs = 20_000;

/**
 * A new login with a key, and a command over it. Tried again for 20 s, since sshd closes its port for a moment when it
 * reads its settings anew; then rejects with the last reason.
 */
export async function proveWayIn({
  connectAgain,
  signal,
}: Pick<StageContext, "connectAgain" | "signal">): Promise<void> {
  let reason: unknown = new Error("no answer");
  const proved = until(
    () =>
      logIn(connectAgain).then(
        () => true,
        (error: unknown) => {
          reason = error;
          return undefined;
        },
      ),
    { timeoutMs: proofMs, everyMs: 1000, signal },
  );
  // One login that never ends must not outlast the server's own clock.
  const late = sleep(proofMs + 5000, undefined, { ref: false });
  if (!(await Promise.race([proved, late]))) throw reason;
}

async function logIn(connectAgain: StageContext["connectAgain"]): Promise<void> {
  const again = await connectAgain();
  try {
    await again.read(["true"]);
  } finally {
    await again.close();
  }
}
