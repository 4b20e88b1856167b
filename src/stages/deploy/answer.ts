import { request } from "node:https";
import { rootCertificates } from "node:tls";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { cleanLine } from "../../kit/text.ts";
import { type Answer, answerOf, redirectOf } from "./probe.ts";

export interface HttpsAsked {
  /** The server, by its address or name: the host's own DNS records need not point there yet. */
  server: string;
  /** The host that is asked for: in the TLS handshake and in the request. */
  name: string;
  path: string;
  /** PEM of authorities that are trusted beside the usual ones. */
  trustedRoots: readonly string[];
}

/** Where it was asked from: the server itself, where its port 443 cannot be reached from this machine. */
export interface HttpsAnswer {
  from: "here" | "server";
  answer: Answer;
}

const port = 443;
const unreachable = ["ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "ENOTFOUND"];

/** Asks a host through the proxy as a visitor would, with the certificate verified; redirects within the host are followed. */
export async function askHttps(asked: HttpsAsked, host: Host, signal: AbortSignal): Promise<HttpsAnswer> {
  const { name } = asked;
  const base = `https://${name}`;
  let path = asked.path;
  for (let redirects = 0; ; redirects++) {
    const answered = await askOnce({ ...asked, path }, host, signal);
    const { answer } = answered;
    const next = answer.kind === "status" ? redirectOf(answer, { base, at: path, name }) : undefined;
    if (next === undefined || redirects === 5) return answered;
    path = next;
  }
}

async function askOnce(asked: HttpsAsked, host: Host, signal: AbortSignal): Promise<HttpsAnswer> {
  try {
    return { from: "here", answer: await askFromHere(asked, signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (isUnreachable(error)) return { from: "server", answer: await askFromServer(asked, host) };
    return { from: "here", answer: { kind: "silent", words: wordsOf(error) } };
  }
}

function askFromHere({ server, name, path, trustedRoots }: HttpsAsked, signal: AbortSignal): Promise<Answer> {
  const ca = [...rootCertificates, ...trustedRoots];
  const options = { host: server, port, servername: name, path, headers: { host: name }, ca, agent: false, signal };
  return new Promise((resolve, reject) => {
    const asking = request({ ...options, timeout: 10_000 }, (response) => {
      const { statusCode = 0, headers } = response;
      response.destroy();
      resolve({ kind: "status", status: statusCode, location: headers.location ?? "", body: "" });
    });
    asking.on("timeout", () =>
      asking.destroy(Object.assign(new Error("no answer within 10 s"), { code: "ETIMEDOUT" })),
    );
    asking.on("error", reject);
    asking.end();
  });
}

/** Of a health path: success. Of any other, null: 502 to 504 are what the proxy says when nobody answers it. */
export const wellAnswered = (status: number, path: string | null): boolean =>
  path === null ? status < 502 || status > 504 : status >= 200 && status < 300;

/** The same question over the SSH connection: the same handshake and check, but not the same way. */
async function askFromServer({ name, path, trustedRoots }: HttpsAsked, host: Host): Promise<Answer> {
  const script = `curl --disable --globoff --silent --max-time 10 --resolve "$1:${port}:127.0.0.1" --cacert /dev/stdin --output /dev/null \
--write-out "%{stderr}%{http_code} %{exitcode} %header{location}" "https://$1$2"`;
  const input = [...rootCertificates, ...trustedRoots].join("\n");
  const { stderr } = await host.exec(sh(script, name, path), { input, timeoutMs: 20_000 });
  return answerOf("", stderr);
}

function isUnreachable(error: unknown): boolean {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.every((one) => one instanceof Error && "code" in one && unreachable.includes(String(one.code)));
}

const wordsOf = (error: unknown) => cleanLine(error instanceof Error ? error.message : String(error));
