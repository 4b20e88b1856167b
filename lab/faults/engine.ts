import { join } from "node:path";
import type { Lab } from "../names.ts";
import { stopProcesses } from "../processes.ts";
import { inServer } from "../server.ts";
import { type Fault, inflict, line, lineInServer, type Span } from "./inflict.ts";
import { engineProcess, killNow } from "./processes.ts";

/** A server's Engine is stopped, its socket too, so that no call starts it; its containers go on or end as the Engine leaves them. */
export async function stopServerEngine(lab: Lab, server: string, { seconds }: Span): Promise<Fault> {
  const systemctl = (verb: string) => ["systemctl", verb, "docker.socket", "docker.service"];
  const undo = [lineInServer(lab, server, ...systemctl("start"))];
  return inflict(lab, `engine-${server}`, { seconds, undo }, () => inServer(lab, server, ...systemctl("stop")));
}

/**
 * The lab's own Engine, which builds, is stopped in an orderly way or killed. Its servers end with it or boot when it comes
 * back, so let another lab's Engine build where only the builder shall fail.
 */
export async function endEngine(lab: Lab, { seconds, how }: Span & { how: "stop" | "kill" }): Promise<Fault> {
  // It repairs what is down, and knows how.
  const undo = [line(process.execPath, join(import.meta.dirname, "../cli.ts"), "--lab", lab.name, "up")];
  return inflict(lab, "engine", { seconds, undo }, async () =>
    how === "kill" ? killNow([await engineProcess(lab)]) : stopProcesses(lab, "dockerd", 60_000),
  );
}
