// A worker at its work, as a process of its own so that a test can freeze it: it holds a lock of 2 s, renews it, and changes
// the server as fast as it can, by commands under the lock and by Engine calls. Prints "holds NUMBER", then every first failure.
import { connectSsh } from "../../src/host/connect.ts";
import type { SshOptions } from "../../src/host/ssh.ts";
import type { Target } from "../../src/host/target.ts";

const { target, options } = JSON.parse(process.argv[2] ?? "") as { target: Target; options: SshOptions };
const host = await connectSsh(target, options);
const engine = await host.engine();
const lock = await host.lock("frozen", { owner: "holder", run: "holder", ttlSeconds: 2 });
const forever = async (name: string, act: (round: number) => Promise<unknown>) => {
  for (let round = 0; ; round++) {
    try {
      await act(round);
    } catch (error) {
      return process.stdout.write(`${name} failed: ${error instanceof Error ? error.message : error}\n`);
    }
  }
};
process.stdout.write(`holds ${lock.number}\n`);
await Promise.all([
  forever("act", () => lock.run(["sh", "-c", "echo x >>/tmp/world"])),
  forever("engine", (round) => engine.createVolume({ Name: `world-${target.user}-${round}` })),
]);
