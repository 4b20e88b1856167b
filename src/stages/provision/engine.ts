import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host, Lock } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { clean } from "../../kit/text.ts";
import { defineStep } from "../context.ts";
import { daemonFile, daemonSettings } from "./daemon-json.ts";

const State = z.enum(["absent", "stopped", "running"]);

/** Log rotation, a bound of the build cache and live-restore in the Engine's settings; before the Engine is installed, so that it starts with them. */
export const engineSettings = defineStep({
  kind: "provision.engine-settings",
  effect: "change",
  input: z.object({}),
  before: z.object({ content: z.string().nullable(), wanted: z.string(), engine: State }),
  output: z.object({ settings: z.string() }),
  title: () => "rotate container logs, bound the build cache, keep containers running while the Engine restarts",
  async observe(_input, ctx) {
    const content = (await readFile(ctx.host, daemonFile)) ?? null;
    const engine = await engineState(ctx.host);
    const info = engine === "running" ? await infoOf(ctx.host) : undefined;
    const wanted = daemonSettings(content, { swarm: info?.Swarm.LocalNodeState === "active" });
    const holds = content === wanted && (info === undefined || (await inEffect(ctx.host, wanted)));
    return holds ? { output: { settings: wanted } } : { before: { content, wanted, engine } };
  },
  async apply(_input, { wanted, engine }, ctx) {
    const lock = await ctx.lock("server");
    await lock.run(["install", "-d", "-m", "755", "/etc/docker"]);
    await writeFile(lock, daemonFile, wanted, { mode: "644" });
    if (engine === "running") await takeEffect(ctx.host, lock, wanted);
  },
});

/** The Engine runs, now and after a reboot. */
export const engineRunning = defineStep({
  kind: "provision.engine",
  effect: "change",
  input: z.object({}),
  before: z.object({ engine: State }),
  output: z.object({ version: z.string(), api: z.string() }),
  title: () => "run the Docker Engine",
  async observe(_input, ctx) {
    const { host } = ctx;
    const enabled = await host.exec(["systemctl", "is-enabled", "--quiet", "docker.service"]);
    const engine = await engineState(host);
    if (engine !== "running" || enabled.code !== 0) return { before: { engine } };
    const { Version, ApiVersion } = await (await host.engine()).version();
    return { output: { version: clean(Version, 60), api: clean(ApiVersion, 20) } };
  },
  async apply(_input, _before, ctx) {
    const lock = await ctx.lock("server");
    const started = await lock.exec(["systemctl", "enable", "--now", "docker.service"]);
    if (started.code !== 0) throw await engineFailed(ctx.host, started.stderr);
  },
});

async function engineState(host: Host): Promise<z.infer<typeof State>> {
  const { stdout } = await host.exec(["systemctl", "show", "--property=LoadState,ActiveState", "docker.service"]);
  if (!stdout.includes("LoadState=loaded")) return "absent";
  return stdout.includes("ActiveState=active") ? "running" : "stopped";
}

const Info = z.object({ LiveRestoreEnabled: z.boolean(), Swarm: z.object({ LocalNodeState: z.string() }) });
const infoOf = async (host: Host) => Info.parse(await (await host.engine()).info());

const Settings = z.object({ "live-restore": z.boolean().optional(), "log-opts": z.unknown().optional() });

/** The Engine says its live-restore, not its log options: those are as old as its last start. */
async function inEffect(host: Host, wanted: string): Promise<boolean> {
  const { LiveRestoreEnabled } = await infoOf(host);
  const settings = Settings.parse(JSON.parse(wanted));
  if (LiveRestoreEnabled !== (settings["live-restore"] ?? false)) return false;
  return settings["log-opts"] === undefined || (await startedAfterChange(host));
}

const startedAfterChange = async (host: Host): Promise<boolean> => {
  const script = `started=$(date -d "$(systemctl show --value --property=ActiveEnterTimestamp docker.service)" +%s) && [ "$started" -ge "$(stat -c %Y "$1")" ]`;
  return (await host.exec(sh(script, daemonFile))).code === 0;
};

/** live-restore takes effect by a reload; only then a restart leaves the containers running, and log options need one. */
async function takeEffect(host: Host, lock: Lock, wanted: string): Promise<void> {
  await lock.run(["systemctl", "reload", "docker.service"]);
  if (await inEffect(host, wanted)) return;
  const restarted = await lock.exec(["systemctl", "restart", "docker.service"]);
  if (restarted.code !== 0) throw await engineFailed(host, restarted.stderr);
}

async function engineFailed(host: Host, said: string): Promise<BerthError> {
  const log = await host.exec(["journalctl", "--unit=docker.service", "--lines=15", "--no-pager", "--output=cat"]);
  return new BerthError({
    code: "engine_failed",
    message: "The Docker Engine does not start on the server.",
    object: host.name,
    cause: clean(`${said}\n${log.stdout}`.trim(), 1500),
    next: "Read its log on the server: journalctl -u docker.service",
  });
}
