import { readFile as readLocal } from "node:fs/promises";
import { ifThere, statusOf } from "../host/docker/answers.ts";
import { lastLines } from "../host/docker/logs.ts";
import { writeFile } from "../host/files.ts";
import { sh } from "../host/quote.ts";
import { BerthError } from "../kit/error.ts";
import { labels } from "../kit/layout.ts";
import { clean } from "../kit/text.ts";
import { until } from "../kit/wait.ts";
import type { ProxyAccess } from "./access.ts";
import { drainingName, drainUnit, drainUnits, type Instance, isUp, nameOf, type World } from "./instances.ts";
import { type Move, nextMove } from "./next-move.ts";
import { seeProxy, specOf } from "./see.ts";
import type { Slot } from "./slots.ts";
import { steer, steerLock } from "./steer.ts";

/** More moves than any world needs. */
const mostMoves = 60;

export interface HandOver {
  /** The configuration that lies in its place, and shall be served. */
  configuration: string;
  /** The container with this id shall be replaced, though it serves just that. */
  notThis?: string;
}

/**
 * Makes the proxy serve what lies in its place, made from the image: where somebody may be asking, by a second instance
 * beside the first, which then gets all that is new while the first one is left by all. Whatever a crash has left of an
 * earlier hand-over is finished first. Throws `proxy_not_up`, `proxy_reload_failed`, `name_taken`, `proxy_ports_taken`.
 */
export async function handOver(access: ProxyAccess, { configuration, notThis }: HandOver): Promise<void> {
  const wanted = { spec: specOf(access), ...(notThis !== undefined && { notThis }) };
  for (let moves = 0; moves < mostMoves; moves++) {
    access.signal.throwIfAborted();
    const world = await seeProxy(access, configuration);
    const move = nextMove(world, wanted);
    if (!move) return;
    await act(move, world, configuration, access);
  }
  throw new Error(`the proxy is not as it shall be after ${mostMoves} moves`);
}

async function act(move: Move, world: World, configuration: string, access: ProxyAccess): Promise<void> {
  const { engine, lock, proxy, log } = access;
  switch (move.kind) {
    case "create":
      return create(move, world, access);
    case "start":
      return start(move.instance, configuration, access);
    case "reload":
      return reload(move.instance, access);
    case "steer":
      if (move.to) log(`new connections go to the proxy on port ${move.to.port}\n`);
      return steer(lock, move.to);
    case "set-aside":
      return engine.getContainer(move.instance.id).rename({ name: drainingName(proxy.containerName, move.instance) });
    case "promote":
      return engine.getContainer(move.instance.id).rename({ name: nameOf(proxy.containerName, "current") });
    case "drain":
      return drain(move, access);
    case "remove":
      return remove(move.instance, access);
  }
}

async function create({ role, slot }: { role: "current" | "next"; slot: Slot }, world: World, access: ProxyAccess) {
  const { engine, lock, proxy, image, log } = access;
  if (role === "next") {
    const why = world.unsteerable;
    log(`a second proxy on port ${slot.port} takes over, so that no request is lost\n`);
    if (why !== null) log(`${why} would drop connections that are steered to it, so a few may be lost meanwhile\n`);
  }
  // What an instance of this slot may have left: its socket, and that it was draining.
  await lock.run(sh('rm -rf -- "$1" && install -d -m 700 -- "$1"', slot.run));
  const { path, content } = proxy.phase(slot, "serving");
  await writeFile(lock, path, content);
  const body = proxy.container(image, slot, { [labels.role]: "proxy", [labels.spec]: specOf(access) });
  const name = nameOf(proxy.containerName, role);
  try {
    await engine.createContainer({ ...body, name });
  } catch (error) {
    throw statusOf(error) === 409 ? nameTaken(name) : error;
  }
}

async function start(instance: Instance, configuration: string, access: ProxyAccess): Promise<void> {
  const { engine, signal } = access;
  await engine.getContainer(instance.id).start().catch(unlessSo);
  const look = async () => {
    const { current, next } = await seeProxy(access, configuration);
    const seen = [current, next].find((one) => one?.id === instance.id);
    return seen && isUp(seen) ? true : undefined;
  };
  if (await until(look, { timeoutMs: 30_000, everyMs: 300, signal })) return;
  const failure = await notUp(instance, access);
  if (instance.role === "next") await remove(instance, access);
  throw failure;
}

async function reload({ name, slot }: Instance, { lock, proxy }: ProxyAccess): Promise<void> {
  const { code, stdout, stderr } = await lock.exec(proxy.reload(slot?.run ?? proxy.earlier.run));
  if (code === 0) return;
  throw new BerthError({
    code: "proxy_reload_failed",
    message: "The proxy did not take the new configuration; it serves with the earlier one.",
    object: name,
    cause: clean(`${stdout}\n${stderr}`.trim(), 1000),
    next: `Read its log on the server: docker logs --tail 50 ${name}`,
  });
}

async function drain(
  { instance, seconds }: { instance: Instance; seconds: number },
  access: ProxyAccess,
): Promise<void> {
  const { engine, lock, proxy, log } = access;
  const { id, slot } = instance;
  // After a reboot nobody is left that it could be kept for.
  await engine.getContainer(id).update({ RestartPolicy: { Name: "no" } });
  if (slot) {
    const { path, content } = proxy.phase(slot, "draining");
    await writeFile(lock, path, content);
  }
  log(`the proxy before it ends when all connections to it have ended, within ${seconds} s\n`);
  const script = await readLocal(new URL("drain.sh", import.meta.url), "utf8");
  const ports = [80, 443, ...(slot ? [slot.port, slot.plainPort] : [])];
  const sports = `( ${ports.map((port) => `sport = :${port}`).join(" or ")} )`;
  const args = [id, String(seconds), sports, proxy.containerName, steerLock, ...belongings(instance, access)];
  const unit = ["systemd-run", "--quiet", "--collect", `--unit=${drainUnit(instance, seconds)}`, "--setenv=HOME=/root"];
  // One that gave it more time.
  await lock.run(["systemctl", "stop", `${drainUnits(instance)}.service`]);
  await lock.run([...unit, "--", "/bin/sh", "-c", script, "drain.sh", ...args]);
}

/** Gracefully: what it was asked is answered. */
async function remove(instance: Instance, access: ProxyAccess): Promise<void> {
  const container = access.engine.getContainer(instance.id);
  await ifThere(container.stop().catch(unlessSo));
  await access.lock.run(["rm", "-rf", "--", ...belongings(instance, access)]);
  // Its unit may be about to remove it as well.
  await ifThere(container.remove().catch((error: unknown) => unlessStatus(error, 409)));
}

const belongings = ({ slot }: Instance, { proxy }: Pick<ProxyAccess, "proxy">) =>
  slot ? [slot.run] : proxy.earlier.files;

async function notUp({ id, name }: Instance, { engine }: ProxyAccess): Promise<BerthError> {
  return new BerthError({
    code: "proxy_not_up",
    message: "The proxy was started and does not listen on ports 80 and 443, or does not load its certificates.",
    object: name,
    cause: await lastLines(engine, id, 10),
    next: `Read its log on the server: docker logs --tail 50 ${name}`,
  });
}

const nameTaken = (name: string) =>
  new BerthError({
    code: "name_taken",
    message: `A container that is not Berth's has the name ${name}.`,
    object: name,
    cause: "It does not carry the label that Berth knows its proxy by.",
    next: `Rename it on the server (docker rename ${name} NAME), then deploy again.`,
  });

/** 304: it was so already. */
const unlessSo = (error: unknown) => unlessStatus(error, 304);

function unlessStatus(error: unknown, status: number): undefined {
  if (statusOf(error) === status) return undefined;
  throw error;
}
