import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { defineStep } from "../context.ts";

const service = "prometheus-node-exporter.service";
const folder = `/etc/systemd/system/${service}.d`;
const file = `${folder}/berth.conf`;

const dropIn = `# Berth: the machine's figures are for whoever is on it, not for the network.
[Service]
ExecStart=
ExecStart=/usr/bin/prometheus-node-exporter --web.listen-address=127.0.0.1:9100 $ARGS
`;

/**
 * The machine's figures, on loopback only. Planned twice: before its package is installed, so that it never listens on
 * more (`running: false`), and after, so that it does run.
 */
export const nodeExporter = defineStep({
  kind: "provision.monitoring",
  effect: "change",
  input: z.object({ running: z.boolean() }),
  before: z.object({ listens: z.array(z.string()) }),
  output: z.object({ listens: z.array(z.string()) }),
  title: ({ running }) => (running ? "run node-exporter on 127.0.0.1:9100" : "keep node-exporter off the network"),
  async observe({ running }, { host }) {
    const listens = await listeners(host);
    const right = listens.every((address) => address === "127.0.0.1:9100") && (!running || listens.length > 0);
    return right && (await readFile(host, file)) === dropIn ? { output: { listens } } : { before: { listens } };
  },
  async apply({ running }, { listens }, ctx) {
    const lock = await ctx.lock("server");
    await lock.run(["install", "-d", "-m", "755", folder]);
    await writeFile(lock, file, dropIn, { mode: "644" });
    await lock.run(["systemctl", "daemon-reload"]);
    if (running) {
      await lock.run(["systemctl", "enable", "--quiet", service]);
      await lock.run(["systemctl", "restart", service]);
    } else if (listens.length > 0) await lock.run(["systemctl", "try-restart", service]);
  },
});

async function listeners(host: Host): Promise<string[]> {
  const sockets = await host.read(["ss", "-Htln", "sport = :9100"]);
  return sockets.split("\n").flatMap((line) => line.trim().split(/\s+/)[3] ?? []);
}
