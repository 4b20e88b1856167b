import { Command } from "commander";
import type { Lab } from "../names.ts";
import { fillServer } from "./disk.ts";
import { endEngine, stopServerEngine } from "./engine.ts";
import { type Fault, releaseFault, releaseFaults, standingFaults } from "./inflict.ts";
import { cutNetwork, slowNetwork, throttleNetwork } from "./network.ts";
import { freeze } from "./processes.ts";

interface Options {
  for: number;
  leave: number;
  kill?: boolean;
}

/** `lab fault …`: what goes wrong for a while, by hand. */
export function faultCommand(lab: () => Lab, say: (line: string) => void): Command {
  const fault = new Command("fault").description("what goes wrong for a while, and is undone by itself");
  const add = (name: string, description: string, act: (words: string[], options: Options) => Promise<Fault>) =>
    fault
      .command(name)
      .description(description)
      .option("--for <seconds>", "until it is undone", Number, 60)
      // Commander gives the arguments, then the options, then the command.
      .action(async (...given: unknown[]) => {
        await act(given.slice(0, -2).flat() as string[], given.at(-2) as Options);
      });

  add("cut <server>", "its network is silent", ([server = ""], { for: seconds }) =>
    cutNetwork(lab(), server, { seconds }),
  );
  add("slow <server> <ms>", "a round trip takes so long", ([server = "", ms], { for: seconds }) =>
    slowNetwork(lab(), server, { roundTripMs: Number(ms), seconds }),
  );
  add("throttle <server> <mbit>", "its line takes so much", ([server = "", mbit], { for: seconds }) =>
    throttleNetwork(lab(), server, { mbit: Number(mbit), seconds }),
  );
  add("fill <server>", "the disk is full of one that was made with --disk", ([server = ""], { for: seconds, leave }) =>
    fillServer(lab(), server, { leaveMb: leave, seconds }),
  ).option("--leave <megabytes>", "what stays free", Number, 0);
  add("engine [server]", "the server's Engine is stopped, or the lab's own", ([server], { for: seconds, kill }) =>
    server === undefined
      ? endEngine(lab(), { how: kill ? "kill" : "stop", seconds })
      : stopServerEngine(lab(), server, { seconds }),
  ).option("--kill", "the lab's own by kill -9");
  add("freeze <pids...>", "processes are stopped where they are", (pids, { for: seconds }) =>
    freeze(lab(), pids.map(Number), { seconds }),
  );

  fault.command("list").action(async () => (await standingFaults(lab())).forEach(say));
  fault
    .command("release")
    .description("undo one now, or all")
    .argument("[name]")
    .action((name?: string) => (name === undefined ? releaseFaults(lab()) : releaseFault(lab(), name)));
  return fault;
}
