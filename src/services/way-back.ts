import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import type { World } from "./world.ts";

/** How long a server that went silent is asked for, in minutes: a reboot of real hardware takes its time. */
const patienceMinutes = 15;
const everyMs = 2000;
const bootMs = 120_000;

/** So often in a row one step may lose its line: what loses it each time is perhaps what the step does. */
const mostInOneStep = 3;

/** What passes while a line is cut or a server boots; it lets nobody in but root then. */
const passing = ["host_unreachable", "connection_lost", "login_refused"];

/** Steps that try the way in themselves say so by these, and are not tried again. */
const shut = ["ssh_key_login_unproved", "ssh_locks_out", "firewall_locks_out"];

/** Says of each failure whether the line to the server is to blame, and is worth waiting for. */
export function createBlame() {
  let last: { step: string | null; times: number } = { step: null, times: 0 };
  return async (
    host: Host,
    { step, failure }: { step: string | null; failure: { code: string } },
  ): Promise<boolean> => {
    if (shut.includes(failure.code) || !(await isLost(host))) return false;
    last = { step, times: last.step === step ? last.times + 1 : 1 };
    return last.times <= mostInOneStep;
  };
}

/** A dead line does not answer, and says so after 20 s at most; a server that goes down still says that it does. */
async function isLost(host: Host): Promise<boolean> {
  try {
    const { stdout } = await host.exec(["systemctl", "is-system-running"], { timeoutMs: 30_000 });
    return stdout.trim() === "stopping";
  } catch (error) {
    return error instanceof BerthError && error.code === "connection_lost";
  }
}

/** Opens the world anew, as soon as its server answers and has booted. Throws the last reason when patience is over. */
export async function openAgain(open: () => Promise<World>, signal: AbortSignal): Promise<World> {
  const end = performance.now() + patienceMinutes * 60_000;
  for (;;) {
    signal.throwIfAborted();
    try {
      const world = await open();
      await booted(world, signal);
      return world;
    } catch (error) {
      if (!(error instanceof BerthError) || !passing.includes(error.code)) throw error;
      if (performance.now() > end) throw stillAway(error);
    }
    await sleep(everyMs, undefined, { signal });
  }
}

/** What starts with the server, the Engine among it, is waited for; one where a service fails has booted too. */
async function booted({ host, close }: World, signal: AbortSignal): Promise<void> {
  try {
    await host.exec(["systemctl", "is-system-running", "--wait"], { timeoutMs: bootMs, signal });
  } catch (error) {
    await close();
    throw error;
  }
}

const stillAway = (error: BerthError) =>
  new BerthError({
    ...error.toJSON(),
    cause: `${error.cause} It was asked for ${patienceMinutes} minutes after the connection was lost.`,
  });
