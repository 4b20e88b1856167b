import { z } from "zod";
import { readFile } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { hashOf } from "../../kit/canonical.ts";
import { paths, serverRoot } from "../../kit/layout.ts";
import { cleanLine } from "../../kit/text.ts";
import { fingerprint } from "../../secrets/fingerprint.ts";
import { secret } from "../../secrets/value.ts";
import { Plan } from "../plan/schema.ts";
import { Name } from "../plan/wishes.ts";

/** A plan that the server keeps, and when it was recorded there. */
interface KeptPlan {
  hash: string;
  plan: Plan;
  at: string;
}

/** What a server keeps of one stack, as far as it is what Berth writes. */
export interface KeptStack {
  stack: string;
  serial: number;
  applied: KeptPlan;
  /** Of kept releases, newest first, without the one that stands. */
  earlier: KeptPlan[];
  /** null where the server has none: it keeps no given value, or an older Berth has put them there. */
  key: string | null;
  /** Given values by which these plans stand: the later is the newer. */
  values: { name: string; value: string }[];
  /** What could not be read, for people. */
  missing: string[];
}

const most = { stacks: 200, releases: 20 };

const Applied = z.object({ serial: z.int().min(1), planHash: z.string(), plan: Plan, at: z.iso.datetime() });
const Key = z.string().regex(/^[0-9a-f]{64}$/);
const Release = z.string().regex(/^[0-9a-f]{10}$/);

/** Names of the stacks that a server says it has. */
export async function stacksOn(host: Host): Promise<string[]> {
  const script =
    'cd "$1" 2>/dev/null || exit 0; for s in *; do [ -f "$s/applied.json" ] && echo "$s"; done | head -n "$2"';
  const listed = await host.read(sh(script, `${serverRoot}/stacks`, String(most.stacks)));
  return listed.split("\n").filter((name) => Name.safeParse(name).success);
}

/** Reads one stack; changes nothing. A text for people where what stands there cannot be taken over. */
export async function readKept(host: Host, stack: string): Promise<KeptStack | string> {
  const text = await readFile(host, paths.applied(stack));
  if (text === undefined) return "nothing was applied";
  const found = Applied.safeParse(parsed(text)).data;
  if (!found) return "what stands there is not what this version of Berth writes";
  const { serial, planHash: hash, plan, at } = found;
  if (hashOf(plan) !== hash || !isOf(stack, plan)) return "the plan that stands there is not the one that was applied";
  const applied = { hash, plan, at };
  const { plans, unread } = await earlierPlans(host, stack);
  const earlier = plans.filter((one) => one.hash !== hash && one.plan.server.name === plan.server.name);
  const missing = unread.map((release) => `the plan of release ${release}: it cannot be read`);
  const key = Key.safeParse(await readFile(host, paths.fingerprintKey(stack))).data ?? null;
  const given = await givenValues(host, stack, [...earlier.toReversed(), applied], key);
  return { stack, serial, applied, earlier, key, values: given.values, missing: [...missing, ...given.missing] };
}

/** A plan that names or wishes another stack is no plan of this one. */
const isOf = (name: string, { stack, wishes }: Plan) => stack === name && (wishes.stack ?? name) === name;

const listReleases =
  'cd "$1" 2>/dev/null || exit 0; for r in *; do [ -f "$r/plan.json" ] && echo "$(stat -c %Y "$r/plan.json") $r"; done | sort -rn | head -n "$2"';

async function earlierPlans(host: Host, stack: string): Promise<{ plans: KeptPlan[]; unread: string[] }> {
  const listed = await host.read(sh(listReleases, paths.release(stack, "."), String(most.releases)));
  const plans: KeptPlan[] = [];
  const unread: string[] = [];
  for (const line of listed.split("\n").filter(Boolean)) {
    const [seconds = "", release = ""] = line.split(" ");
    if (!Release.safeParse(release).success || !/^\d{1,10}$/.test(seconds)) continue;
    const text = (await readFile(host, `${paths.release(stack, release)}/plan.json`)) ?? "";
    const plan = Plan.safeParse(parsed(text)).data;
    if (plan && isOf(stack, plan)) plans.push({ hash: hashOf(plan), plan, at: timeOf(seconds) });
    else unread.push(release);
  }
  return { plans, unread };
}

const timeOf = (seconds: string) => new Date(Number(seconds) * 1000).toISOString();

/** Each given value that one of the plans names, where it is the one that the plan's fingerprint is of. */
async function givenValues(host: Host, stack: string, plans: readonly KeptPlan[], key: string | null) {
  const uses = plans.flatMap(({ plan }) => plan.secrets.filter((use) => use.origin === "given"));
  // The later stays: an earlier plan's value that stands again is the newest.
  const wanted = [...new Map(uses.toReversed().map((use) => [`${use.name}/${use.fingerprint}`, use])).values()];
  const values: { name: string; value: string }[] = [];
  const missing: string[] = [];
  for (const { name, fingerprint: print } of wanted.toReversed()) {
    const value = isFile(name, print) ? await readFile(host, `${paths.secrets(stack)}/${name}/${print}`) : undefined;
    if (value !== undefined && key !== null && fingerprint(key, secret(value)) === print) values.push({ name, value });
    else missing.push(`the value of ${cleanLine(name, 80)}: set it again (berth secrets set)`);
  }
  return { values, missing: [...new Set(missing)] };
}

const isFile = (name: string, print: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && /^[0-9a-f]{12}$/.test(print);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
