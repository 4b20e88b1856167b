import { bytesText } from "../kit/amount.ts";
import { visible } from "../kit/text.ts";
import type { StackGlance } from "../services/stacks-glance.ts";
import type { ContainerStatus, StackStatus } from "../services/surface.ts";

/** All stacks, one line each. */
export function glanceText(stacks: readonly StackGlance[]): string[] {
  return columns(
    stacks.map(({ name, server, addresses, updated, ...seen }) => [
      name,
      server,
      stateOf(seen),
      addresses.join(" ") || "no address",
      `applied ${updated.slice(0, 16)}Z`,
    ]),
  );
}

function stateOf({
  running,
  containers,
  unhealthy,
  problem,
}: Omit<StackGlance, "name" | "server" | "addresses" | "updated">) {
  if (problem !== null) return `! ${problem}`;
  if (containers === 0) return "! nothing runs";
  const well = running === containers && unhealthy === 0;
  return `${well ? "✓" : "!"} ${running}/${containers} run${unhealthy > 0 ? `, ${unhealthy} unhealthy` : ""}`;
}

/** One stack, as its server shows it. `now`: what times are told from. */
export function statusText(status: StackStatus, now: Date): string[] {
  const { name, server, plan, answers, certificates, containers, machine, differences, drift } = status;
  const well = isWell(status);
  return [
    `${well ? "✓" : "!"} ${name} on ${server}, plan ${plan?.slice(0, 12) ?? "unknown"}, applied ${status.updated.slice(0, 16)}Z`,
    ...answers.map(
      ({ address, status: code, problem }) =>
        `  ${problem === null ? "✓" : "!"} ${address}  ${problem ?? `answers ${code}`}`,
    ),
    ...certificates.map(certificateLine),
    "",
    ...(containers.length === 0 ? ["No container of it runs."] : containerTable(containers, now)),
    "",
    ...serverLines(machine, now),
    ...(differences.length + drift.length === 0
      ? ["", "Nothing differs from the plan."]
      : ["", "Differs from the plan:", ...differences.map((one) => `  ! ${one}`)]),
    ...(drift.length === 0 ? [] : ["  Applying it again would:", ...drift.map((title) => `    … ${title}`)]),
  ].map(visible);
}

export const isWell = ({ drift, differences, answers }: StackStatus): boolean =>
  drift.length === 0 && differences.length === 0 && answers.every(({ problem }) => problem === null);

function certificateLine({ host, daysLeft, notAfter, problem }: StackStatus["certificates"][number]): string {
  if (daysLeft === null) return `  ! certificate of ${host}  ${problem ?? "not known"}`;
  const left = daysLeft < 0 ? "has ended" : `${daysLeft} days left`;
  const bad = problem !== null || daysLeft < 7;
  return `  ${bad ? "!" : "✓"} certificate of ${host}  ${left}, until ${notAfter?.slice(0, 10)}${problem === null ? "" : `. ${problem}`}`;
}

const heads = ["CONTAINER", "STATE", "HEALTH", "RESTARTS", "SINCE", "CPU", "MEMORY", ""];

function containerTable(containers: readonly ContainerStatus[], now: Date): string[] {
  const rows = containers.map(
    ({ name, state, health, restarts, since, cpuPercent, memoryBytes, memoryLimitBytes, cause }) => [
      name,
      state,
      health ?? "-",
      String(restarts),
      since === null ? "never" : agoText(since, now),
      cpuPercent === null ? "-" : `${cpuPercent.toFixed(1)} %`,
      memoryBytes === null ? "-" : `${bytesText(memoryBytes)} of ${bytesText(memoryLimitBytes ?? 0)}`,
      cause ?? "",
    ],
  );
  return columns([heads, ...rows]);
}

function serverLines({ disks, memory, load, cpus, booted, engine }: StackStatus["machine"], now: Date): string[] {
  const facts = [
    engine && `Docker ${engine}`,
    booted && `started ${agoText(booted, now)} ago`,
    load && `load ${load.join(" ")} on ${cpus ?? "?"} processors`,
  ];
  return [
    `Server: ${facts.filter(Boolean).join(", ")}`,
    ...disks.map(
      ({ at, totalBytes, usedBytes, freeBytes }) =>
        `  disk ${at}  ${bytesText(usedBytes)} used, ${bytesText(freeBytes)} free of ${bytesText(totalBytes)} (${Math.round((usedBytes / totalBytes) * 100)} %)`,
    ),
    ...(memory
      ? [
          `  memory  ${bytesText(memory.totalBytes - memory.availableBytes)} used, ${bytesText(memory.availableBytes)} available of ${bytesText(memory.totalBytes)}`,
        ]
      : []),
  ];
}

/** `3 d`, `5 h`, `12 min`, `40 s`. */
function agoText(time: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} d`;
  if (seconds >= 2 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return seconds >= 120 ? `${Math.floor(seconds / 60)} min` : `${seconds} s`;
}

/** Cells below each other, two spaces between; the last column is as wide as it is. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(visible));
  const widths = (shown[0] ?? []).map((_, n) => Math.max(...shown.map((row) => row[n]?.length ?? 0)));
  return shown.map((row) =>
    row
      .map((cell, n) => (n === row.length - 1 ? cell : cell.padEnd(widths[n] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
