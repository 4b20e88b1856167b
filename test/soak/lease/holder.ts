import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../../lab/names.ts";
import { inServer } from "../../../lab/server.ts";
import type { SshOptions } from "../../../src/host/ssh.ts";
import type { Target } from "../../../src/host/target.ts";
import { until } from "../../../src/kit/wait.ts";

/** A line of a lock's file on its server. */
export interface LockLine {
  number: number;
  owner: string;
  run: string;
  /** Seconds since the server's boot. */
  expiry: number;
  /** sshd's processes of the holder's connection; empty where it was given back. */
  session: string;
}

export async function lockLine(lab: Lab, server: string, name: string): Promise<LockLine> {
  const line = await inServer(lab, server, "cat", `/var/lib/berth/locks/${name}`);
  const [number = "0", owner = "", run = "", expiry = "0", , session = ""] = line.trim().split(" ");
  return { number: Number(number), owner, run: decodeURIComponent(run), expiry: Number(expiry), session };
}

const kinds = ["act", "switch", "exec", "engine"] as const;
const folder = "/var/tmp/world";
const volumes = "/var/lib/docker/volumes";

/** One that holds a lock and changes the server by all ways of its connection, and what came of that there. */
export interface Holder {
  number: number;
  /** Its packets are dropped from here on, as on a line that is cut. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  freeze(): void;
  wake(): void;
  /** All of its ways have ended. */
  stopped(): Promise<boolean>;
  /** What the server shows as changed since the lock's file was last written as it is in `mark`. */
  changedSince(mark: string): Promise<string>;
  end(): void;
}

export async function startHolder(
  lab: Lab,
  server: string,
  lock: string,
  target: Target,
  options: SshOptions,
): Promise<Holder> {
  const there = (script: string) => inServer(lab, server, "sh", "-ec", script);
  await there(
    `rm -rf ${folder}; mkdir -p ${folder}/up; docker volume ls -q | grep '^world-' | xargs -r docker volume rm >/dev/null`,
  );
  const program = fileURLToPath(new URL("../frozen-holder.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify({ target, options, folder, lock })]);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  const began = async () => {
    if (!/holds/.test(said)) return undefined;
    const seen = await there(
      `test -s ${folder}/act && test -s ${folder}/exec && test -s ${folder}/up/upstream && echo all || :`,
    );
    return seen === "" ? undefined : true;
  };
  if (!(await until(began, { timeoutMs: 60_000 }))) throw new Error(`the holder did not begin: ${said}`);
  const { number, session } = await lockLine(lab, server, lock);
  const pid = session.replace(/^.*\//, "").replace(/:.*$/, "");
  return {
    number,
    cut: async () => {
      const port = `ss -Htnp state established | grep 'pid=${pid},' | awk '{ print $4 }' | sed 's/.*://' | head -n 1`;
      const drop = (hook: string, side: string) =>
        `chain ${hook} { type filter hook ${hook} priority -300; tcp ${side} $port drop; }`;
      await there(
        `port=$(${port}); test -n "$port"; nft "table inet cut { ${drop("input", "sport")}; ${drop("output", "dport")}; }"`,
      );
    },
    mend: async () => void (await there("nft delete table inet cut 2>/dev/null || :")),
    freeze: () => void child.kill("SIGSTOP"),
    wake: () => void child.kill("SIGCONT"),
    stopped: async () =>
      (await until(async () => (kinds.every((kind) => said.includes(`${kind} failed`)) ? true : undefined), {
        timeoutMs: 60_000,
      })) === true,
    changedSince: (mark) => there(`find ${folder} ${volumes} -maxdepth 2 -newer ${mark} | sort`),
    end: () => void child.kill("SIGKILL"),
  };
}
