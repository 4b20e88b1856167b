#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import type { ServeOptions, ServeSurroundings } from "./cli/serve.ts";
import { type ExitCode, exitCodeOf, renderFailure, type Terminal } from "./cli/terminal.ts";
import { BerthError, type Failure, failureOf } from "./kit/error.ts";
import { type Config, defaultAcmeDirectory, elicitationOf } from "./services/config.ts";

// The only file that reads argv, the environment and the terminal. Each of its three ways loads what it needs and no more:
// a client waits for a server to start.
const { argv, env, stdin, stdout, stderr } = process;
const debug = argv.includes("--debug");
const words = argv.slice(2).filter((word) => word !== "--debug");

// Whoever read along has left (`| head`): nothing more can be said, and what a worker does goes on without us.
for (const output of [stdout, stderr])
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });

// What was compiled once is read the next time; in a folder of the person's own, since whoever can write there is obeyed.
const caches = env["XDG_CACHE_HOME"] ?? (env["HOME"] && join(env["HOME"], ".cache"));
if (caches) enableCompileCache(join(caches, "berth"));

async function command(): Promise<ExitCode> {
  const [{ commandLine }, { CommanderError }] = await Promise.all([import("./cli/commands.ts"), import("commander")]);
  let code: ExitCode = 0;
  const around = {
    cwd: process.cwd(),
    startedWith: [process.execPath, import.meta.filename] as const,
    env,
    git: gitCredentials(),
    terminal: terminalOf,
    config: configOf,
    readSecret,
    serve,
  };
  try {
    await commandLine(around, (ended) => {
      code = ended;
    }).parseAsync(words, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misunderstood(error);
    return failed(error);
  }
}

/** commander has told the person already; programs read it as any other failure. */
function misunderstood({ message }: Error): ExitCode {
  const object = ["berth", ...words.slice(0, 1).filter((word) => !word.startsWith("-"))].join(" ");
  const next = `${object} --help says what it takes.`;
  sayResult({ code: "usage", message: "The command line cannot be understood.", object, cause: message, next });
  return 2;
}

function sayResult(failure: Failure): void {
  if (words.includes("--json")) stdout.write(`${JSON.stringify({ event: "result", state: "failed", failure })}\n`);
}

function failed(error: unknown): ExitCode {
  const failure = failureOf(error);
  sayResult(failure);
  stderr.write(`${renderFailure(failure)}\n`);
  if (debug && error instanceof Error) stderr.write(`${error.stack}\n`);
  return exitCodeOf(failure);
}

/** `berth serve` as clients start it, without the command line's words; whatever else is said with it goes through them. */
async function server(): Promise<ExitCode> {
  try {
    return await serve({ readOnly: words.includes("--read-only"), verbose: words.includes("--verbose") });
  } catch (error) {
    return failed(error);
  }
}

async function serve(options: ServeOptions): Promise<ExitCode> {
  const { serveClient } = await import("./cli/serve.ts");
  const end = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => end.abort());
  const log = await logOf({}, options.verbose ? "debug" : "info");
  const state = { cwd: process.cwd(), git: gitCredentials(), config: configOf(options) };
  const around: ServeSurroundings = { ...state, stdin, stdout, log, signal: end.signal };
  await serveClient(options, around);
  // What nobody waits for any more, such as half a look at a server, does not keep the process.
  process.exit(0);
}

/** To stderr, since stdout is an answer's or the protocol's. */
async function logOf(base: object, level: string) {
  const { pino } = await import("pino");
  return pino(
    { level, base: { pid: process.pid, ...base }, redact: ["*.token", "*.password", "*.value"] },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** `berth work RUN`: how a worker is started; not for people. */
async function worker(run: string): Promise<ExitCode> {
  const [{ openBerth }, { work }] = await Promise.all([import("./services.ts"), import("./services/work.ts")]);
  const shutdown = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => shutdown.abort());
  // Its stderr is the run's worker.log. What the steps do stands in the journal, scrubbed; here is only that it lives.
  const log = await logOf({ run }, "info");
  const berth = openBerth(configOf({}));
  log.info({ version: berth.config.version }, "worker started");
  try {
    const { state } = await work(berth, run, shutdown.signal);
    log.info({ state }, "worker ended");
    return state === "done" ? 0 : 1;
  } catch (error) {
    const failure = failureOf(error);
    log.error({ failure, ...(debug && { stack: (error as Error).stack }) }, "worker failed");
    return exitCodeOf(failure);
  } finally {
    berth.close();
  }
}

function configOf({ identity }: { identity?: string }): Config {
  const home = env["BERTH_HOME"] ?? join(env["XDG_STATE_HOME"] ?? join(env["HOME"] ?? "/", ".local/state"), "berth");
  // A git token is for this process alone, and a model's key for the model: a worker has no use for either.
  const passed = Object.fromEntries(
    Object.entries(env).filter(([name]) => name !== "BERTH_GIT_TOKEN" && !name.startsWith("ANTHROPIC_")),
  );
  return {
    home,
    env: passed,
    version: version(),
    workerCommand: [process.execPath, import.meta.filename, "work"],
    acme: {
      directory: env["BERTH_ACME_DIRECTORY"] ?? defaultAcmeDirectory,
      email: env["BERTH_ACME_EMAIL"] ?? null,
      trust: fileIn("BERTH_ACME_CA") ?? null,
    },
    trustedRoots: [fileIn("BERTH_TRUSTED_ROOTS")].filter((pem) => pem !== undefined),
    caBundle: fileIn("BERTH_CA_BUNDLE") ?? fileIn("NODE_EXTRA_CA_CERTS"),
    identityFile: identity ?? env["BERTH_IDENTITY"],
    allowPrivateAddresses: env["BERTH_ALLOW_PRIVATE_ADDRESSES"] === "1",
    elicitation: elicitationOf(env["BERTH_ELICITATION"]),
  };
}

const gitCredentials = () => ({
  token: env["BERTH_GIT_TOKEN"],
  tokenHost: env["BERTH_GIT_TOKEN_HOST"] || undefined,
  sshKey: env["BERTH_GIT_KEY"],
  knownHosts: env["BERTH_GIT_KNOWN_HOSTS"] ?? [join(env["HOME"] ?? "/", ".ssh/known_hosts")].find(existsSync),
  caBundle: env["BERTH_GIT_CA"] ?? env["GIT_SSL_CAINFO"],
});

const version = (): string => JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;

/** The text of the file that a variable names; undefined where it is not set. */
function fileIn(name: string): string | undefined {
  const path = env[name];
  if (path === undefined || path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new BerthError({
      code: "usage",
      message: `The file that ${name} names cannot be read.`,
      object: path,
      cause: (error as Error).message,
      next: `Correct ${name}, or unset it.`,
    });
  }
}

function terminalOf(json: boolean): Terminal {
  return {
    json,
    live: stderr.isTTY === true,
    say: (line) => stdout.write(`${line}\n`),
    write: (text) => stdout.write(text),
    drained: async () => {
      if (stdout.writableNeedDrain) await once(stdout, "drain");
    },
    note: (line) => stderr.write(`${line}\n`),
    ask,
    onInterrupt: (listener) => {
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
  };
}

/** Asks where a person is: on a terminal that is both ends of the talk. */
async function ask(
  question: string,
  { hidden = false, afresh = false }: { hidden?: boolean; afresh?: boolean } = {},
): Promise<string | undefined> {
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  if (afresh) await dropTyped();
  // readline echoes what is typed to its output, and draws its line anew; a hidden answer's goes nowhere.
  if (hidden) stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: hidden ? nowhere : stderr, terminal: true });
  const gone = new AbortController();
  // The line editor keeps Ctrl-C to itself: whoever listens for it is told.
  reader.once("SIGINT", () => {
    gone.abort();
    process.emit("SIGINT");
  });
  reader.once("close", () => gone.abort());
  try {
    return await reader.question(hidden ? "" : question, { signal: gone.signal });
  } catch {
    return undefined;
  } finally {
    reader.close();
    if (hidden) stderr.write("\n");
  }
}

/** Reads away what lies in the terminal's buffer. */
async function dropTyped(): Promise<void> {
  const drop = () => undefined;
  // Raw, so that a line without its end is read away as well.
  stdin.setRawMode(true);
  stdin.on("data", drop);
  stdin.resume();
  await new Promise((passed) => setTimeout(passed, 50));
  // On a busy machine the time may pass without a look at the terminal; between two of these there is one.
  for (let looks = 0; looks < 2; looks++) await new Promise((looked) => setImmediate(looked));
  stdin.off("data", drop);
  stdin.pause();
  stdin.setRawMode(false);
}

async function readSecret(name: string): Promise<string> {
  const value = stdin.isTTY
    ? ((await ask(`${name}: `, { hidden: true })) ?? "")
    : (await readAll(stdin)).replace(/\n$/, "");
  if (value !== "") return value;
  throw new BerthError({
    code: "usage",
    message: "No value was given, so nothing was set.",
    object: name,
    cause: "The line that was typed, or stdin, was empty.",
    next: `Type it on a terminal, or pipe it: berth secrets set ${name} --stack STACK < FILE`,
  });
}

const [way, ...rest] = words;
if (way === "work") process.exitCode = await worker(rest[0] ?? "");
else if (way === "serve" && rest.every((word) => word === "--read-only" || word === "--verbose"))
  process.exitCode = await server();
else process.exitCode = await command();
