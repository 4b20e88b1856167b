import type { z } from "zod";
import { cleanLine } from "../../kit/text.ts";
import { Applied, type Listener, type ServerFacts } from "./server-facts.ts";

/** What the script's output says, text by text bounded and cleaned; what is missing or absurd fails the schema later. */
export interface Report
  extends Omit<ServerFacts, "root" | "listeners" | "engine" | "networks" | "proxyImage" | "architecture"> {
  architecture: string;
  listeners: Omit<Listener, "ours">[];
  /** Processes that have the proxy's configuration mounted: ours, also while the Engine is down. */
  ourPids: number[];
  /** The port of this connection as the server sees it; undefined where it does not say. */
  connectionPort: number | undefined;
}

/** The kernel's names, for a system without dpkg: it is told that it is not supported, and not that it makes no sense. */
const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

/** Reads the output of `serverScript`; pure. A server may lie, so nothing here throws on what it says. */
export function readReport(output: string): Report {
  const sections = split(output);
  const section = (name: string) => sections.get(name) ?? "";
  const lines = (name: string) =>
    section(name)
      .split("\n")
      .filter((line) => line.trim() !== "");
  const line = (name: string) => cleanLine(section(name), 200);
  const sshd = lines("sshd");
  const applied = readApplied(section("applied").trim());
  return {
    os: readOs(lines("os")),
    architecture: architectures[line("architecture")] ?? line("architecture"),
    kernel: line("kernel"),
    bootId: line("boot"),
    container: !["", "none"].includes(line("container")),
    cpus: Number(line("cpus")),
    memoryMegabytes: megabytes(lines("memory"), "MemTotal"),
    swapMegabytes: megabytes(lines("memory"), "SwapTotal"),
    // Before there is an Engine: where it is going to keep its images.
    diskFreeMegabytes: { root: freeIn(section("disk-root")), engine: freeIn(section("disk-engine")) },
    sshPorts: sshd.flatMap((option) => portOf(/^port (\d+)$/.exec(option)?.[1]) ?? []),
    connectionPort: portOf(section("connection").trim().split(" ")[3]),
    passwordLogin: passwordLogin(sshd),
    listeners: readListeners(lines("tcp"), lines("udp"), unitsByPid(lines("units"))),
    ourPids: lines("ours").map(Number),
    enginePackage: /^(\S+) installed$/m.exec(section("engine-package"))?.[1] ?? null,
    firewalls: [
      ...(section("ufw").startsWith("Status: active") ? (["ufw"] as const) : []),
      ...(line("firewalld") === "running" ? (["firewalld"] as const) : []),
    ],
    routes: lines("routes").flatMap(readRoute),
    addresses6: lines("addresses6").flatMap((entry) => /inet6 ([0-9a-f:]+)/.exec(entry)?.[1] ?? []),
    stacks: lines("stacks").flatMap(readStack),
    applied,
    appliedDamaged: applied === null && section("applied").trim() !== "",
  };
}

/** The first of two sections of one name counts: a value that holds a line like a heading cannot replace what was said. */
function split(output: string): Map<string, string> {
  const sections = new Map<string, string>();
  for (const part of output.split(/^== (?=[a-z0-9-]+$)/m).slice(1)) {
    const end = part.indexOf("\n");
    const name = part.slice(0, end);
    if (!sections.has(name)) sections.set(name, part.slice(end + 1).trimEnd());
  }
  return sections;
}

function readOs(lines: readonly string[]): ServerFacts["os"] {
  const value = (name: string) => {
    const found = lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    return cleanLine(found.replace(/^(["'])(.*)\1$/, "$2"), 100);
  };
  return {
    id: value("ID"),
    version: value("VERSION_ID"),
    codename: value("VERSION_CODENAME"),
    pretty: value("PRETTY_NAME"),
  };
}

const megabytes = (lines: readonly string[], name: string) =>
  Math.floor(Number(lines.find((line) => line.startsWith(`${name}:`))?.match(/(\d+) kB/)?.[1]) / 1024);

/** The fourth column of df. */
const freeIn = (line: string) => Number(line.trim().split(/\s+/)[3]);

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

function passwordLogin(sshd: readonly string[]): boolean | null {
  if (sshd.length === 0) return null;
  return sshd.some((option) => /^(?:password|kbdinteractive)authentication yes$/.test(option));
}

function unitsByPid(lines: readonly string[]): Map<number, string> {
  return new Map(
    lines.map((line) => {
      const [pid, unit = ""] = line.split(" ");
      return [Number(pid), cleanLine(unit, 120)] as const;
    }),
  );
}

function readListeners(tcp: readonly string[], udp: readonly string[], units: ReadonlyMap<number, string>) {
  const read =
    (protocol: "tcp" | "udp") =>
    (line: string): Omit<Listener, "ours">[] => {
      const local = line.trim().split(/\s+/)[3] ?? "";
      const port = portOf(local.slice(local.lastIndexOf(":") + 1));
      if (port === undefined) return [];
      const [, process, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(line) ?? [];
      return [
        {
          protocol,
          address: cleanLine(local.slice(0, local.lastIndexOf(":")), 60),
          port,
          process: process === undefined ? null : cleanLine(process, 60),
          pid: pid === undefined ? null : Number(pid),
          unit: units.get(Number(pid)) || null,
        },
      ];
    };
  return [...tcp.flatMap(read("tcp")), ...udp.flatMap(read("udp"))];
}

/** `10.0.0.0/8 via …`, `10.0.0.1 dev …`; default and special routes (`unreachable …`) are left out. */
function readRoute(line: string): string[] {
  const [destination = ""] = line.trim().split(" ");
  if (/^\d+(\.\d+){3}\/\d+$/.test(destination)) return [destination];
  return /^\d+(\.\d+){3}$/.test(destination) ? [`${destination}/32`] : [];
}

function readStack(line: string): ServerFacts["stacks"] {
  const [stack = "", content = ""] = line.split(" ");
  const applied = readApplied(content);
  return applied ? [{ stack: cleanLine(stack, 60), serial: applied.serial, planHash: applied.planHash }] : [];
}

function readApplied(base64: string): z.infer<typeof Applied> | null {
  try {
    return Applied.parse(JSON.parse(Buffer.from(base64, "base64").toString("utf8")));
  } catch {
    return null;
  }
}
