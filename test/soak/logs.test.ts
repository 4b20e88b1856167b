import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { killNow, sshdProcesses } from "../../lab/faults/processes.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { openStore } from "../../src/store/open.ts";
import { putStack } from "../../src/store/stacks.ts";
import { type Cli, done, openCli, testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";

// Containers of a stack that print much, and a person who follows them: nothing is lost, nothing comes twice, and it costs
// no memory. The containers are made by hand, with the marks and the log settings of ours.
const lab = testLab();
let server: Server;
let cli: Cli;
let image: string;

beforeAll(async () => {
  server = await servingServer(lab, "logs");
  cli = await openCli(lab);
  // All that a person's computer needs to know of a stack to read its logs.
  done(await cli.run(["servers", "add", "logs", `ssh://${server.user}@${server.address}`, "--identity", server.key]));
  const store = openStore(cli.home);
  putStack(store, { name: "guestbook", server: "logs", appliedPlan: null, serial: 1, updated: "2026-01-01T00:00:00Z" });
  store.close();
  const images = await docker("ps", "--format", "{{.Image}}", "--filter", "label=dev.berth.role=service");
  image = images.trim().split("\n")[0] ?? "";
});
afterAll(async () => {
  await cli.close();
  await removeServer(lab, "logs");
});

const docker = (...args: string[]) => inServer(lab, server.name, "docker", ...args);

/** Prints numbered lines of some 100 bytes: so many a second, until it has printed so many. */
const printer = (perSecond: number, total: number) => `
const pad = "x".repeat(90), began = Date.now();
let n = 0;
const timer = setInterval(() => {
  const due = Math.min(${total}, Math.floor(((Date.now() - began) / 1000) * ${perSecond}));
  let text = "";
  while (n < due) text += String(n++).padStart(7, "0") + " " + pad + "\\n";
  if (text) process.stdout.write(text);
  if (n === ${total}) clearInterval(timer);
}, 10);`;

interface Printing {
  perSecond: number;
  total: number;
  /** Of the container, where its service has several. */
  name?: string;
}

const startPrinter = (service: string, { perSecond, total, name = service }: Printing) =>
  docker(
    ...["run", "--detach", "--name", name, "--log-driver", "json-file"],
    ...["--log-opt", "max-size=10m", "--log-opt", "max-file=3", "--entrypoint", "node"],
    ...["--label", "dev.berth.stack=guestbook", "--label", "dev.berth.role=service"],
    ...["--label", `dev.berth.service=${service}`, image, "-e", printer(perSecond, total)],
  );

interface Following {
  pid: number;
  /** The numbers that came, by service, in the order in which they came. */
  numbers: Map<string, number[]>;
  notes: () => string;
  /** Ctrl-C; answers the exit code. */
  leave(): Promise<number>;
}

/** `berth logs -f` as a person has it, its lines read by a program. */
function follow(...services: string[]): Following {
  const cliFile = join(import.meta.dirname, "../../src/cli.ts");
  const child = spawn(process.execPath, [cliFile, "logs", "guestbook", ...services, "-f", "--tail", "all", "--json"], {
    env: cli.env,
  });
  const numbers = new Map<string, number[]>(services.map((service) => [service, []]));
  let notes = "";
  child.stderr.on("data", (chunk: Buffer) => {
    notes += chunk.toString();
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { container, text } = JSON.parse(line) as { container: string; text: string };
    numbers.get(container)?.push(Number(text.split(" ")[0]));
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  return {
    pid: child.pid ?? 0,
    numbers,
    notes: () => notes,
    async leave() {
      child.kill("SIGINT");
      return (await ended)[0] ?? -1;
    },
  };
}

const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

const countIn = ({ numbers }: Following) => [...numbers.values()].reduce((sum, { length }) => sum + length, 0);
const haveCome = (following: Following, count: number, timeoutMs = 300_000) =>
  until(async () => (countIn(following) >= count ? true : undefined), { timeoutMs, everyMs: 100 });
async function mostMegabytesUntil(following: Following, count: number): Promise<number> {
  let most = 0;
  const look = async () => {
    most = Math.max(most, residentMegabytes(following.pid));
    return countIn(following) >= count ? true : undefined;
  };
  await until(look, { timeoutMs: 300_000, everyMs: 100 });
  return most;
}
const all = (total: number) => Array.from({ length: total }, (_, n) => n);

test("two services at once, 10,000 lines a second: every line comes once and in order, and no memory grows", async () => {
  const [perSecond, total] = [5000, 150_000];
  const services = ["noisy-a", "noisy-b"];
  for (const service of services) await startPrinter(service, { perSecond, total });
  const following = follow(...services);
  // A program that has just begun has more and more memory for a while, whatever it does.
  const early = await mostMegabytesUntil(following, total);
  const late = await mostMegabytesUntil(following, 2 * total);
  expect(await following.leave()).toBe(130);
  for (const service of services) expect(following.numbers.get(service)).toEqual(all(total));
  expect(late - early).toBeLessThan(40);
  await docker("rm", "--force", ...services);
});

test("a release is followed over: the old one's rest is read, the new one's first line too, and nothing comes twice", async () => {
  await startPrinter("web", { perSecond: 2000, total: 8000, name: "guestbook-11111111" });
  const following = follow("web");
  await haveCome(following, 2000);
  await startPrinter("web", { perSecond: 2000, total: 8000, name: "guestbook-22222222" });
  await docker("wait", "guestbook-11111111");
  await docker("rm", "guestbook-11111111");
  await haveCome(following, 16_000);
  expect(await following.leave()).toBe(130);
  const numbers = following.numbers.get("web") ?? [];
  expect(numbers.toSorted((a, b) => a - b)).toEqual(all(8000).flatMap((n) => [n, n]));
  await docker("rm", "--force", "guestbook-22222222");
});

test("a line to the server that breaks is mended, and the log goes on where it was", async () => {
  await startPrinter("talker", { perSecond: 500, total: 10_000 });
  const following = follow("talker");
  await haveCome(following, 1000);
  for (let cut = 0; cut < 2; cut++) {
    await killNow(await sshdProcesses(lab, server.name, following.pid));
    const before = countIn(following);
    await haveCome(following, before + 1500);
  }
  await haveCome(following, 10_000);
  expect(await following.leave()).toBe(130);
  expect(following.numbers.get("talker")).toEqual(all(10_000));
  expect(following.notes()).toContain("was lost");
  await docker("rm", "--force", "talker");
});

test("without following, the last lines of each, in the order of time, and the command ends", async () => {
  for (const service of ["one", "two"]) await startPrinter(service, { perSecond: 1000, total: 1000 });
  await docker("wait", "one", "two");
  const { stdout, code } = await cli.run(["logs", "guestbook", "one", "two", "--tail", "300", "--json"]);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { time: string; container: string });
  expect(code).toBe(0);
  expect(lines).toHaveLength(600);
  expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).toSorted());
  const missing = await cli.run(["logs", "guestbook", "three"]);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/one, .*two/)]);
  await docker("rm", "--force", "one", "two");
});
