import { setTimeout as sleep } from "node:timers/promises";
import { isCut } from "../host/docker/answers.ts";
import type { Host } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { type Logged, loggedContainers } from "../stages/operate/logs-containers.ts";
import { type Marks, readLogs } from "../stages/operate/logs-follow.ts";
import type { NamedLine } from "../stages/operate/logs-merge.ts";
import { readPage } from "../stages/operate/logs-page.ts";
import { createStreams } from "../stages/operate/logs-streams.ts";
import { shownLines } from "../stages/operate/logs-text.ts";
import type { Berth } from "./berth.ts";
import { connect, findServer } from "./connect.ts";
import { scrubberFor } from "./server-secrets.ts";
import { stackLine } from "./stack-facts.ts";
import type { LogsPage, LogsPageWanted } from "./surface.ts";

export interface LogsWanted {
  /** None: all, backing services too. */
  services: readonly string[];
  follow: boolean;
  /** Seconds before now, by the server's clock, or a time. */
  since: { seconds: number } | { time: string } | undefined;
  /** The last so many lines of each container. */
  tail: number | undefined;
}

export type ShownLine = NamedLine;

/**
 * The logs of a stack as one, in batches, made safe to show. Followed, it goes on until `signal` says so, over releases, and over
 * lines to the server that break (`onLost`). Throws `no_such_stack`, `no_such_service`, and what keeps a connection from being made.
 */
export async function* streamLogs(
  berth: Berth,
  stack: string,
  wanted: LogsWanted,
  { signal, onLost }: { signal: AbortSignal; onLost: (why: string) => void },
): AsyncGenerator<ShownLine[]> {
  const open = await opening(berth, stack);
  const marks: Marks = new Map();
  let host = await open();
  let from: { since?: string | undefined; tail?: number | undefined } | undefined;
  for (;;) {
    const streams = createStreams(host, open);
    try {
      from ??= { since: await sinceOf(wanted.since, host), tail: wanted.tail };
      const scrub = await scrubberFor(berth, host, stack);
      const engine = await host.engine();
      assertServices(stack, wanted.services, await loggedContainers(engine, stack));
      const containers = () => loggedContainers(engine, stack, wanted.services);
      const source = { containers, stream: streams.stream };
      for await (const lines of readLogs(source, { follow: wanted.follow, from }, marks, signal))
        yield shownLines(lines, scrub);
      return;
    } catch (error) {
      if (!wanted.follow || !passes(error)) throw error;
      onLost(error instanceof Error ? error.message : String(error));
    } finally {
      await Promise.all([streams.close(), host.close()]);
    }
    const again = await openAgain(open, signal);
    if (!again) return;
    host = again;
  }
}

/** A page of the logs of a stack, made safe to show. Throws as `streamLogs` does, and `bad_cursor`. */
export async function pageOfLogs(
  berth: Berth,
  stack: string,
  { services, cursor, sinceSeconds, chars }: LogsPageWanted,
  signal: AbortSignal,
): Promise<LogsPage> {
  const place = cursor === undefined ? undefined : placeOf(cursor);
  const host = await (await opening(berth, stack))();
  try {
    const engine = await host.engine();
    const all = await loggedContainers(engine, stack);
    assertServices(stack, services, all);
    const chosen = all.filter(({ service }) => services.length === 0 || services.includes(service));
    const since = await sinceOf(sinceSeconds === undefined ? undefined : { seconds: sinceSeconds }, host);
    const page = await readPage(engine, chosen, { ...place, since, chars }, signal);
    const lines = shownLines(page.lines, await scrubberFor(berth, host, stack));
    const [first, last] = [lines[0]?.time, lines.at(-1)?.time];
    const before = place?.after === undefined ? page.more : true;
    return {
      text: lines.map(lineText).join("\n"),
      cursor: last === undefined ? (place?.after === undefined ? null : `on.${place.after}`) : `on.${last}`,
      older: first !== undefined && before ? `back.${first}` : null,
      more: place?.after !== undefined && page.more,
      services: [...new Set(all.map(({ service }) => service))].toSorted(),
    };
  } finally {
    await host.close();
  }
}

const lineText = ({ time, container, text }: NamedLine) => `${time.slice(0, 23)}Z ${container} | ${text}`;

/** What opens a connection to the server of a stack. */
async function opening(berth: Berth, stack: string): Promise<() => Promise<Host>> {
  const server = await findServer(berth.config, berth.store, stackLine(berth, stack).server);
  return () => connect(server);
}

const patienceMs = 15 * 60_000;
const everyMs = 2000;

/** Undefined where `signal` says so before the server answers again. Throws the last reason when patience is over. */
async function openAgain(open: () => Promise<Host>, signal: AbortSignal): Promise<Host | undefined> {
  const end = performance.now() + patienceMs;
  while (!signal.aborted) {
    try {
      const host = await open();
      await host.engine();
      return host;
    } catch (error) {
      if (!passes(error) || performance.now() > end) throw error;
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

const passing = ["connection_lost", "host_unreachable", "login_refused", "engine_unreachable"];

/** What an Engine that is started anew, a line that is cut and a server that boots make of a call. */
const passes = (error: unknown): boolean =>
  isCut(error) || (error instanceof BerthError && passing.includes(error.code));

/** As the Engine takes it: seconds since 1970. */
async function sinceOf(since: LogsWanted["since"], host: Host): Promise<string | undefined> {
  if (since === undefined) return undefined;
  if ("time" in since) return (Date.parse(since.time) / 1000).toFixed(3);
  return String(Math.max(0, Number(await host.read(["date", "+%s"])) - since.seconds));
}

function placeOf(cursor: string): { after?: string; before?: string } {
  const [, way, time] = /^(on|back)\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)$/.exec(cursor) ?? [];
  if (time !== undefined) return way === "on" ? { after: time } : { before: time };
  throw new BerthError({
    code: "bad_cursor",
    message: "This cursor leads nowhere in the logs of this stack.",
    object: cleanLine(cursor, 60),
    cause: "A cursor is given by a reading of the same stack, and is passed on as it is.",
    next: "Read again without a cursor: that shows the end of the logs.",
  });
}

function assertServices(stack: string, wanted: readonly string[], there: readonly Logged[]): void {
  const known = [...new Set(there.map(({ service }) => service))].toSorted();
  const missing = wanted.find((service) => !known.includes(service));
  if (missing === undefined) return;
  throw new BerthError({
    code: "no_such_service",
    message: "This stack has no container of a service of this name.",
    object: cleanLine(`${stack}/${missing}`, 120),
    cause: known.length === 0 ? "It has no containers at all." : `Those that have logs: ${known.join(", ")}.`,
    next: `Take one of these names, or none for all: berth logs ${stack}`,
  });
}
