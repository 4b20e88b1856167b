import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";

/** What came of asking an address once. */
export type Answer =
  | { kind: "status"; status: number; location: string; body: string }
  | { kind: "open" }
  | { kind: "refused" }
  | { kind: "silent"; words: string };

export interface Asked {
  address: string;
  port: number;
  /** null: it is only asked whether the port is open. */
  path: string | null;
  /** The name that people reach it by; null where it has no route. */
  name: string | null;
}

/** Answers with what it asked last, after following redirects; `trail` has the places that it was sent to. */
export interface Probe {
  answer: Answer;
  trail: string[];
}

const redirects = 5;

/**
 * Asks a service from outside its container as the proxy would: on the server, under its public name, as if by HTTPS.
 * Redirects are followed at most five times and only within the same name: that is what a visitor's browser does.
 */
export async function probe(host: Host, { address, port, path, name }: Asked): Promise<Probe> {
  if (path === null) return { answer: await connect(host, address, port), trail: [] };
  const base = `http://${address}:${port}`;
  const trail: string[] = [];
  let at = path;
  for (;;) {
    const answer = await ask(host, `${base}${at}`, name);
    const next = answer.kind === "status" ? redirectOf(answer, { base, at, name }) : undefined;
    if (next === undefined || trail.length > redirects) return { answer, trail };
    trail.push(next);
    at = next;
  }
}

/** The path that a redirect leads to; undefined where it is none, or leads elsewhere. Pure. */
export function redirectOf(
  { status, location }: { status: number; location: string },
  { base, at, name }: { base: string; at: string; name: string | null },
): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || !URL.canParse(location, `${base}${at}`)) return undefined;
  const target = new URL(location, `${base}${at}`);
  const here = target.host === new URL(base).host || target.hostname === name;
  return here ? `${target.pathname}${target.search}` : undefined;
}

// A path may hold brackets, which curl would else take for a list of addresses to ask one after another.
// The body comes first and is cut by head, which may end curl early: so its facts go to stderr.
const script =
  'curl --disable --globoff --silent --max-time 5 --output - --write-out "%{stderr}%{http_code} %{exitcode} %header{location}" "$@" | head -c 2000';

async function ask(host: Host, url: string, name: string | null): Promise<Answer> {
  const headers = ["--header", "X-Forwarded-Proto: https"];
  if (name !== null) headers.push("--header", `Host: ${name}`, "--header", `X-Forwarded-Host: ${name}`);
  const { stdout, stderr } = await host.exec(sh(script, ...headers, url), { timeoutMs: 15_000 });
  return answerOf(stdout, stderr);
}

/** Pure part of `ask`: curl's exit codes 7 (refused, or no such address); 23 is our own cut of a long body. */
export function answerOf(body: string, facts: string): Answer {
  const [, status = "000", code = "0", location = ""] = /(\d{3}) (\d+) ?(.*)$/s.exec(facts) ?? [];
  if (status !== "000") return { kind: "status", status: Number(status), location: location.trim(), body };
  return code === "7" ? { kind: "refused" } : { kind: "silent", words: silence[code] ?? `curl ended with ${code}` };
}

const silence: Readonly<Record<string, string>> = {
  28: "it accepts the connection and answers nothing within 5 s",
  52: "it closes the connection without an answer",
  56: "it resets the connection",
  1: "what it answers is not HTTP",
};

/** Any answer of the other side, even one that is no HTTP, means that it was connected. */
async function connect(host: Host, address: string, port: number): Promise<Answer> {
  const script = 'curl --disable --silent --max-time 2 --output /dev/null --write-out "%{time_connect}" "$1"';
  const { stdout } = await host.exec(sh(script, `http://${address}:${port}/`), { timeoutMs: 10_000 });
  return Number(stdout) > 0 ? { kind: "open" } : { kind: "refused" };
}
