import { z } from "zod";
import { visible } from "../kit/text.ts";
import type { StackStatus, Surface } from "../services/surface.ts";
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
    "With a stack: looks at its server and says whether its addresses answer, which containers run, and what differs from its plan. " +
    "Without: the stacks and servers that this computer knows, with nothing contacted. Call it after a deployment, and first when something is wrong. It changes nothing.",
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
    containers: z.string().optional().describe("untrusted: one a line"),
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
  const { name, drift, containers, answers } = seen;
  const well = drift.length === 0 && answers.every(({ problem }) => problem === null);
  return {
    status: well ? "as_planned" : "differs",
    stacks: [lineOf(seen)],
    answers: answers.slice(0, most).map(({ address, status, problem }) => ({
      address,
      ...(status !== null && { status }),
      ...(problem !== null && { problem: outside(problem, "answer of the server", 300) }),
    })),
    containers: outside(containers.slice(0, most).map(containerLine).join("\n"), "containers on the server", 2500),
    ...(drift.length > 0 && {
      differs: { count: drift.length, text: outside(drift.map(visible).join("\n"), "steps of the plan", 1500) },
    }),
    next: well
      ? "Nothing is to be done."
      : `get_run {"stack":"${name}"} shows what was done last. To bring it back to its plan, provision_server, build_images and deploy_stack with that plan; rollback_stack goes back to the plan before.`,
  };
}

const lineOf = ({
  name,
  server,
  plan,
  serial,
  addresses,
  updated,
}: Omit<StackStatus, "drift" | "containers" | "answers">) => ({
  name,
  server: knownName(server),
  ...(plan !== null && { plan }),
  serial,
  addresses,
  updated,
});

const containerLine = ({ name, image, state, health, since }: StackStatus["containers"][number]) =>
  visible([name, image, state, health, since].filter((part) => part !== null).join(" · "));
