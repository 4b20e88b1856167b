import { closeSync, openSync, writeSync } from "node:fs";
import { z } from "zod";
import type { StageContext } from "../../context.ts";
import { Check } from "../checks.ts";
import type { ProbeRequest } from "./ask.ts";
import { type Figures, figuresOf, measured, requestsFile } from "./figures.ts";
import { type ProbeRecord, type Probing, probeOnce, startProber } from "./prober.ts";

/** The public addresses of a stack. */
export const Watched = z.object({
  /** Where HTTPS is asked: the server's address or name. */
  server: z.string(),
  checks: z.array(Check),
});
export type Watched = z.infer<typeof Watched>;

export interface Watch {
  /** The proxy is pointed at the new release from now on; with false: at the old one again. */
  switched(so: boolean): void;
  end(): Promise<Figures>;
}

const mostPerSecond = 10;
const mostBytesPerSecond = 1_000_000;
const firstAnswerMs = 5000;

/**
 * Asks the stack's addresses from this machine, as visitors do, from here on until the run's steps have ended; called by
 * each step that may disturb what serves, before it does. Only what is answered well now is asked: a first release, or what
 * was down before, has no visitors to lose. What it finds never fails a deploy, since the switch verifies by itself, and
 * is always reported.
 */
export const watchVisitors = (watched: Watched, ctx: StageContext, port = 443): Promise<Watch | undefined> =>
  ctx.beside(measured, () => begin(watched, ctx, port));

async function begin({ server, checks }: Watched, ctx: StageContext, port: number): Promise<Watch | undefined> {
  const asked = { address: server, port, trustedRoots: ctx.trustedRoots };
  const usual = (await Promise.all(checks.map((check) => firstAnswer(check, asked, ctx)))).filter(
    (answer) => answer !== undefined,
  );
  const [first] = usual;
  if (!first) return undefined;
  const bytes = usual.reduce((sum, answer) => sum + answer.bytes, 0) / usual.length;
  const file = openRecords(requestsFile(ctx.runDir));
  const prober = startProber({
    ...asked,
    perSecond: Math.max(1, Math.min(mostPerSecond, mostBytesPerSecond / Math.max(1, bytes))),
    request: (n) => (usual[n % usual.length] ?? first).request,
    // By turns for each address.
    connection: (n) => (Math.floor(n / usual.length) % 2 === 0 ? "new" : "kept"),
    well: (request, status) => status < 400 || status === usual.find((one) => isSame(one.request, request))?.status,
    onRecord: file.add,
  });
  let switchedAt: number | null = null;
  return {
    switched: (so) => {
      switchedAt = so ? performance.timeOrigin + performance.now() : null;
    },
    end: async () => {
      const probed = await prober.stop();
      file.close();
      return figuresOf(probed, switchedAt);
    },
  };
}

const isSame = (one: ProbeRequest, other: ProbeRequest) => one.host === other.host && one.path === other.path;

interface Usual {
  request: ProbeRequest;
  status: number;
  bytes: number;
}

/** What an address answers before anything is done; undefined where that is nothing good, or nothing at all. */
async function firstAnswer(
  { host, path, success }: Check,
  asked: Pick<Probing, "address" | "port" | "trustedRoots">,
  ctx: StageContext,
): Promise<Usual | undefined> {
  const request = { host, path, headers: { "user-agent": `berth/${ctx.version}` } };
  const { status, bytes } = await probeOnce({ ...asked, timeoutMs: firstAnswerMs, request: () => request });
  if (status === null) return undefined;
  return status < (success ? 400 : 500) ? { request, status, bytes } : undefined;
}

/** Every request as a line of JSON, for who wants to know which. A disk that is full must not end a deploy. */
function openRecords(path: string): { add(record: ProbeRecord): void; close(): void } {
  let file = attempt(() => openSync(path, "a", 0o600));
  const close = () => {
    const open = file;
    file = undefined;
    if (open !== undefined) attempt(() => closeSync(open));
  };
  return {
    add: ({ at, ...record }) => {
      const open = file;
      if (open === undefined) return;
      const line = `${JSON.stringify({ at: new Date(at).toISOString(), ...record })}\n`;
      if (attempt(() => writeSync(open, line)) === undefined) close();
    },
    close,
  };
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
