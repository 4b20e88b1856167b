import { z } from "zod";
import { bytesText } from "../kit/amount.ts";
import { visible } from "../kit/text.ts";
import type { ContainerStatus, StackLine, StackStatus, Surface } from "../services/surface.ts";
import { callText, stackField } from "./fields.ts";
import { knownName } from "./names.ts";
import { ongoing } from "./ongoing.ts";
import { defineTool, outside } from "./tool.ts";

const most = 30;

const Stack = z.object({
  name: z.string(),
  server: z.string(),
  plan: z.string().optional().describe("hash of the plan that stands"),
  serial: z.number(),
  addresses: z.array(z.string()),
  updated: z.string(),
});

export const getStatus = defineTool({
  name: "get_status",
  title: "See what runs",
  description:
    "With a stack: looks at its server: whether its addresses answer, which containers run, how well and on how much memory, the server's disk, the days that certificates have left, what differs from its plan. " +
    "Without: the stacks and servers that this computer knows, with nothing contacted. Call it after a deployment, and first when something is wrong; then get_logs. It changes nothing.",
  effect: "read",
  openWorld: true,
  input: z.strictObject({ stack: stackField.optional().describe("name of a stack; without it: all that is known") }),
  output: z.object({
    status: z.string().describe("as_planned, differs, known or working"),
    stacks: z.array(Stack).optional(),
    servers: z.array(z.object({ name: z.string(), address: z.string() })).optional(),
    answers: z
      .array(z.object({ address: z.string(), status: z.number().optional(), problem: z.string().optional() }))
      .optional()
      .describe("what each address says now"),
    certificates: z
      .array(z.object({ host: z.string(), days_left: z.number().optional(), problem: z.string().optional() }))
      .optional(),
    containers: z.string().optional().describe("untrusted: one a line"),
    server: z.string().optional().describe("untrusted: disks, memory, load"),
    differs: z.object({ count: z.number(), text: z.string().describe("untrusted") }).optional(),
    next: z.string(),
  }),
  async run({ stack }, call) {
    if (stack === undefined) return known(call.surface);
    const seen = await ongoing(call, { key: ["status", stack], what: "looking at the server" }, (signal) =>
      call.surface.stacks.status(stack, signal),
    );
    if (!seen.done) return { status: "working", next: `${callText("get_status", { stack })} again.` };
    return statusOf(seen.value);
  },
});

function known({ stacks, servers }: Surface) {
  return {
    status: "known",
    stacks: stacks.list().slice(0, most).map(lineOf),
    servers: servers
      .list()
      .slice(0, most)
      .map(({ name, target }) => ({ name: knownName(name), address: knownName(target) })),
    next: 'get_status {"stack":"NAME"} looks at one of them; analyze_repo begins a new one.',
  };
}

function statusOf(seen: StackStatus) {
  const { name, drift, differences, containers, answers, certificates, machine } = seen;
  const well = drift.length === 0 && differences.length === 0 && answers.every(({ problem }) => problem === null);
  return {
    status: well ? "as_planned" : "differs",
    stacks: [lineOf(seen)],
    answers: answers.slice(0, most).map(({ address, status, problem }) => ({
      address,
      ...(status !== null && { status }),
      ...(problem !== null && { problem: outside(problem, "answer of the server", 300) }),
    })),
    certificates: certificates.slice(0, most).map(({ host, daysLeft, problem }) => ({
      host,
      ...(daysLeft !== null && { days_left: daysLeft }),
      ...(problem !== null && { problem: outside(problem, "certificate of the server", 300) }),
    })),
    containers: outside(containers.slice(0, most).map(containerLine).join("\n"), "containers on the server", 4000),
    server: outside(serverLine(machine), "figures of the server", 600),
    ...(!well && {
      differs: {
        count: Math.max(differences.length, drift.length),
        text: outside(
          [...differences, ...drift.map((title) => `to be done: ${title}`)].map(visible).join("\n"),
          "differences from the plan",
          2500,
        ),
      },
    }),
    next: well
      ? "Nothing is to be done."
      : `get_logs {"stack":"${name}"} shows what it prints, get_run {"stack":"${name}"} what was done last. To bring it back to its plan, provision_server, build_images and deploy_stack with that plan; rollback_stack goes back to the plan before.`,
  };
}

const lineOf = ({ name, server, plan, serial, addresses, updated }: StackLine) => ({
  name,
  server: knownName(server),
  ...(plan !== null && { plan }),
  serial,
  addresses,
  updated,
});

function containerLine({ name, image, state, health, cause, since, ...rest }: ContainerStatus): string {
  const { restarts, cpuPercent, memoryBytes, memoryLimitBytes } = rest;
  const parts = [
    ...[name, image, state, health, cause],
    restarts > 0 ? `${restarts} restarts` : null,
    cpuPercent === null ? null : `cpu ${cpuPercent.toFixed(1)} %`,
    memoryBytes === null ? null : `memory ${bytesText(memoryBytes)} of ${bytesText(memoryLimitBytes ?? 0)}`,
    since === null ? null : `since ${since}`,
  ];
  return visible(parts.filter((part) => part !== null).join(" · "));
}

function serverLine({ disks, memory, load, cpus, booted }: StackStatus["machine"]): string {
  const parts = [
    ...disks.map(
      ({ at, totalBytes, usedBytes, freeBytes }) =>
        `disk ${at}: ${bytesText(usedBytes)} used, ${bytesText(freeBytes)} free of ${bytesText(totalBytes)}`,
    ),
    memory && `memory: ${bytesText(memory.availableBytes)} available of ${bytesText(memory.totalBytes)}`,
    load && `load: ${load.join(" ")} on ${cpus ?? "?"} processors`,
    booted && `started ${booted}`,
  ];
  return visible(parts.filter((part) => part !== null && part !== "").join(" · "));
}
