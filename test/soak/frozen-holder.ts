// A worker at its work, as a process of its own so that a test can freeze it: it holds a lock of 2 s, renews it, and changes
// the server as fast as it can in every way that its connection has. Prints "holds NUMBER", then every first failure.
import { connectSsh } from "../../src/host/connect.ts";
import { writeFile } from "../../src/host/files.ts";
import type { SshOptions } from "../../src/host/ssh.ts";
import type { Target } from "../../src/host/target.ts";

/** Changed things lie in `folder`; `lock`: its name there. */
const {
  target,
  options,
  folder,
  lock: name,
} = JSON.parse(process.argv[2] ?? "") as {
  target: Target;
  options: SshOptions;
  folder: string;
  lock: string;
};
const host = await connectSsh(target, options);
const engine = await host.engine();
const lock = await host.lock(name, { owner: "holder", run: "holder", ttlSeconds: 2 });
const forever = async (kind: string, act: (round: number) => Promise<unknown>) => {
  for (let round = 0; ; round++) {
    try {
      await act(round);
    } catch (error) {
      return process.stdout.write(`${kind} failed: ${error instanceof Error ? error.message : error}\n`);
    }
  }
};
process.stdout.write(`holds ${lock.number}\n`);
await Promise.all([
  forever("act", () => lock.run(["sh", "-c", 'echo x >>"$1/act"', "sh", folder])),
  // As the proxy is pointed at another release: a small file, renamed into place.
  forever("switch", (round) => writeFile(lock, `${folder}/up/upstream`, `172.30.0.${round % 250}:3000`)),
  // Past the lock: only the end of the connection can stop these.
  forever("exec", () => host.read(["sh", "-c", 'echo x >>"$1/exec"', "sh", folder])),
  forever("engine", (round) =>
    engine
      .createVolume({ Name: `world-${round % 20}`, Labels: { round: String(round) } })
      .then((volume) => volume.remove()),
  ),
]);
