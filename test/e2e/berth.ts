import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acmeRootFile } from "../../lab/acme.ts";
import { setName } from "../../lab/dns.ts";
import { environmentFor, openLab } from "../../lab/lab.ts";
import type { Lab } from "../../lab/names.ts";
import { inServer, type Server } from "../../lab/server.ts";
import { openStore } from "../../src/store/open.ts";

const root = join(import.meta.dirname, "../..");
export const guestbook = join(root, "examples/guestbook");

/** The lab that `npm test` brought up. */
export function testLab(): Lab {
  const name = process.env["BERTH_LAB"];
  if (!name) throw new Error("these tests need a lab: npm test, or eval its variables and set BERTH_LAB");
  return openLab(name);
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
  /** The JSON lines of stdout. */
  events: Record<string, unknown>[];
}

/** Berth's command line with a state folder of its own, as a person on this machine would have it. */
export interface Cli {
  home: string;
  env: NodeJS.ProcessEnv;
  run(
    args: string[],
    options?: { env?: NodeJS.ProcessEnv; input?: string; onStdout?: (line: string) => void },
  ): Promise<Ended>;
  /** Plans, approves that plan by its hash, applies it and follows to the end. */
  up(source: string, server: Server, options?: UpOptions): Promise<Ended & { hash: string }>;
  /** Learns what stands on a server, as a person does whose computer has never known it. */
  adopt(server: Server): Promise<Ended>;
  /** The plan that `up` would apply, by its hash; what stands there is adopted first where it is not known here. */
  plan(source: string, server: Server, options?: UpOptions): Promise<Ended & { hash: string }>;
  close(): Promise<void>;
}

export interface UpOptions {
  domain?: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
  onStdout?: (line: string) => void;
}

const domainOf = ({ name }: Pick<Server, "name">) => `${name}.example.test`;

/** `builder`: the lab whose Engine builds, where it is another. */
export async function openCli(lab: Lab, builder = lab): Promise<Cli> {
  const home = await mkdtemp(join(tmpdir(), "berth-e2e-"));
  openStore(home, { demo: { networks: [lab.network, lab.network6] } }).close();
  // What the person who runs the tests has set for Berth is theirs.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_"));
  const env = {
    ...Object.fromEntries(own),
    ...(await environmentFor(lab)),
    DOCKER_HOST: builder.engine,
    BERTH_HOME: home,
  };

  const run: Cli["run"] = async (args, { env: more, input, onStdout } = {}) => {
    const child = spawn(process.execPath, [join(root, "src/cli.ts"), ...args], { env: { ...env, ...more } });
    child.stdin.end(input);
    let [stdout, stderr, line] = ["", "", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      line += chunk.toString();
      const lines = line.split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) onStdout?.(whole);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, "close")) as [number | null];
    // A plan is a document of many lines, whose first is a bracket alone.
    const events = stdout.split("\n").flatMap((text) => (text.startsWith('{"') ? [JSON.parse(text)] : []));
    return { code: code ?? -1, stdout, stderr, events };
  };

  const argsFor = (source: string, server: Server, { domain = domainOf(server), args = [] }: UpOptions) => [
    source,
    ...["--server", `ssh://${server.user}@${server.address}`, "--identity", server.key, "--domain", domain],
    ...args,
    "--json",
  ];
  const adopt: Cli["adopt"] = async (server) => {
    const records = await inServer(
      lab,
      server.name,
      "sh",
      "-c",
      "cat /var/lib/berth/stacks/*/applied.json | head -c 1000000",
    );
    // A copy of a server has another address than the plans on it name; its host key is the same.
    const [, hostKey = ""] = /"hostKey": "(SHA256:[\w+/]+)"/.exec(records) ?? [];
    const [, name = ""] = /"server": \{\s*"name": "([^"]+)"/.exec(records) ?? [];
    const target = `ssh://${server.user}@${server.address}`;
    return run(["adopt", target, "--name", name, "--host-key", hostKey, "--identity", server.key, "--json"]);
  };
  const plan: Cli["plan"] = async (source, server, options = {}) => {
    const ask = () => run(["plan", ...argsFor(source, server, options)], { env: options.env ?? {} });
    let planned = await ask();
    if (planned.stderr.includes("stack_unknown_here") || planned.stdout.includes("stack_unknown_here")) {
      done(await adopt(server));
      planned = await ask();
    }
    return { ...planned, hash: planned.code === 0 ? (JSON.parse(planned.stdout) as { hash: string }).hash : "" };
  };
  const up: Cli["up"] = async (source, server, options = {}) => {
    const planned = await plan(source, server, options);
    if (planned.code !== 0) return planned;
    const { onStdout, env: more = {} } = options;
    const args = ["up", ...argsFor(source, server, options), "--approve", planned.hash];
    return { ...(await run(args, { env: more, ...(onStdout && { onStdout }) })), hash: planned.hash };
  };
  return { home, env, run, plan, up, adopt, close: () => rm(home, { recursive: true, force: true }) };
}

/** Tells the lab's DNS that the server's usual domain leads to it. */
export const pointDomain = (lab: Lab, server: Server, domain = domainOf(server)): Promise<void> =>
  setName(lab, domain, [server.address, server.address6]);

/** What a command that ended well said; throws with its last words where it did not. */
export function done<T extends Ended>(ended: T): T {
  if (ended.code === 0) return ended;
  throw new Error(`berth ended with ${ended.code}:\n${ended.stderr.slice(-3000)}`);
}

/** The ids of the steps that were applied, in order. */
export const applied = ({ events }: Ended): string[] =>
  events.filter(({ event }) => event === "done").map(({ step }) => String(step));

/** What a failed command says, as programs read it. */
export function failureIn({ events, stderr }: Ended): Record<string, string> {
  const last = events.findLast(({ event }) => event === "result") as { failure?: Record<string, string> } | undefined;
  if (!last?.failure) throw new Error(`no failure was reported:\n${stderr.slice(-2000)}`);
  return last.failure;
}

export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface Asked {
  domain?: string;
  address?: string;
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** One HTTPS request to a server of the lab; its certificate is verified against the lab's authority. */
export async function ask(lab: Lab, server: Server, asked: Asked = {}): Promise<Answer> {
  const { domain = domainOf(server), address = server.address, method = "GET", path = "/", headers = {}, body } = asked;
  const sent = request({
    host: address,
    port: 443,
    servername: domain,
    ca: readFileSync(acmeRootFile(lab)),
    method,
    path,
    headers: { ...headers, host: domain },
    agent: false,
    timeout: 15_000,
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, body: text, headers: response.headers };
}

/** A copy of the example that a test may change. */
export async function copyOfGuestbook(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "berth-source-")), "guestbook");
  await cp(guestbook, folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  return folder;
}
