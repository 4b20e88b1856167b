import { readFile } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "../kit/error.ts";
import { capture } from "./capture.ts";
import type { Host, Lock, Words } from "./host.ts";

export interface Act {
  /** Of stack, release and step, not of a run: whoever comes after a crash finds it by this name. Letters, digits, `_.-`. */
  name: string;
  command: Words;
  /** What mends a server that went down in the middle of the command; without it `act_broken` is thrown. */
  repair?: Words;
  onOutput?: (text: string) => void;
  /** Ends the following only: the act goes on, and the next call finds it. */
  signal?: AbortSignal;
  /** The server ends the act after this many ms (code 124); an hour unless told. */
  timeoutMs?: number;
}

/** How an act ended, and the end of what it printed. */
export interface ActResult {
  code: number;
  output: string;
}

export type ActState = { state: "absent" | "running" | "broken" } | { state: "ended"; code: number };

/** How much of an act's output one look fetches, in bytes; what comes faster is left out. */
const most = 262_144;
const hour = 3_600_000;

/**
 * Runs a command as a systemd unit of the server, so that a lost connection does not end it: call again with the same
 * name after a reconnect or a crash. Never started → started; running → followed; ended → its code, and the name is free
 * again; broken off → repaired, then started once more.
 */
export async function runAct(host: Host, lock: Lock, act: Act): Promise<ActResult> {
  let repaired = false;
  for (;;) {
    await start(lock, act);
    const result = await followAct(host, act);
    if (result !== "broken") {
      await forget(lock, act.name);
      return result;
    }
    if (act.repair === undefined || repaired) throw broken(host.name, act.name);
    await mend(host, lock, act, act.repair);
    repaired = true;
  }
}

/** A repair is an act itself. One that broke off is started anew, since it mends its own halves. */
async function mend(host: Host, lock: Lock, { name, command: _, ...act }: Act, repair: Words): Promise<void> {
  const mending: Act = { ...act, name: `${name}.repair`, command: repair };
  if ((await look(host, mending.name)).state === "broken") await forget(lock, mending.name);
  const { code, output } = await runAct(host, lock, mending);
  if (code !== 0) throw broken(host.name, name, output);
  await forget(lock, name);
}

export async function look(host: Host, name: string): Promise<ActState> {
  return parseState(await host.read(await long("look", name)));
}

export async function forget(lock: Lock, name: string): Promise<void> {
  await lock.run(await long("forget", name));
}

async function start(lock: Lock, { name, command, timeoutMs = hour }: Act): Promise<void> {
  await lock.run(await long("start", name, String(timeoutMs / 1000), ...command));
}

/** Reads along until the act is over. */
async function followAct(host: Host, { name, onOutput, signal }: Act): Promise<ActResult | "broken"> {
  const kept = capture();
  const decoder = new StringDecoder("utf8");
  const say = (text: string) => {
    kept.write(text);
    if (text !== "") onOutput?.(text);
  };
  for (let read = 0; ; ) {
    signal?.throwIfAborted();
    const news = await host.read(
      await long("poll", name, String(read), String(most)),
      signal === undefined ? {} : { signal },
    );
    const [state = "", range = "", data = ""] = news.split("\n");
    const [from = 0, end = 0] = range.split(" ").map(Number);
    if (from > read) say(`\n… ${from - read} bytes left out …\n`);
    say(decoder.write(Buffer.from(data, "base64")));
    const now = parseState(state);
    if (now.state === "broken" || now.state === "absent") return "broken";
    if (now.state === "ended" && end === read) return { code: now.code, output: kept.text() };
    read = end;
    // What prints without pause is read in pieces of a quarter of a second.
    await sleep(250, undefined, { signal });
  }
}

function parseState(text: string): ActState {
  const [, state, code] = /^(absent|running|broken|ended) ?(\d*)$/.exec(text.trim()) ?? [];
  if (state === "ended") return { state, code: Number(code) };
  if (state === "absent" || state === "running" || state === "broken") return { state };
  throw new TypeError(`long.sh answered ${JSON.stringify(text.slice(0, 100))}`);
}

/** The script goes along with each call: it is short, and looking at a server then leaves nothing there. */
async function long(verb: string, name: string, ...rest: string[]): Promise<Words> {
  if (!/^[\w.-]{1,200}$/.test(name)) throw new TypeError(`an act cannot be named ${name}`);
  return ["sh", "-c", await readFile(new URL("long.sh", import.meta.url), "utf8"), "long.sh", verb, name, ...rest];
}

const broken = (server: string, name: string, output?: string) =>
  new BerthError({
    code: "act_broken",
    message: "The server went down in the middle of a command, and what it left could not be repaired.",
    object: `${server}, unit berth-${name}`,
    cause: output?.trim().split("\n").slice(-5).join("\n") || "It was started, and neither runs nor has ended.",
    next: `Look at /var/lib/berth/acts/${name}/output on the server; when it is mended, remove that folder and repeat.`,
  });
