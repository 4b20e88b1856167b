import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { Host, Lock } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { defineStep, type StageContext } from "../context.ts";
import { foreignFirewall, openInForeign } from "./firewall-foreign.ts";
import { firewallFile, firewallRules, firewallUnit } from "./firewall-rules.ts";
import { OpenPorts, parsePorts, portsFile, portsOfOthers, portsText, recordedPorts, within } from "./ports.ts";
import { reasonOf } from "./reason.ts";
import { arm, disarm, isArmed, proveWayIn, takeBack } from "./revert.ts";
import { wayIn } from "./way-in.ts";

const Port = z.int().min(1).max(65535);
const Input = z.object({ stack: z.string(), sshPorts: z.array(Port).min(1), openPorts: OpenPorts });
type Input = z.infer<typeof Input>;

const nft = "/usr/sbin/nft";
const unitFile = "/etc/systemd/system/berth-firewall.service";
const unitName = "berth-firewall.service";
const candidate = "/etc/berth/firewall.next.nft";

/**
 * Only what the stacks of this server want answers from outside, published container ports included; the way in is proved or
 * all is taken back.
 */
export const closePorts = defineStep({
  kind: "provision.firewall",
  effect: "change",
  input: Input,
  before: z.object({ active: z.boolean() }),
  output: z.object({ by: z.enum(["berth", "ufw", "firewalld"]) }),
  title: ({ sshPorts, openPorts }) =>
    `close every port but ${[...sshPorts, ...openPorts.map(({ port }) => port)].join(", ")} and those of other stacks`,
  async observe(input, ctx) {
    const recorded = (await recordedPorts(ctx.host, input.stack)) === portsText(input.openPorts);
    const foreign = await foreignFirewall(ctx.host, input.openPorts);
    if (foreign) return foreign.open && recorded ? { output: { by: foreign.kind } } : { before: { active: true } };
    return recorded && (await holds(ctx.host, await rulesFor(ctx.host, input)))
      ? { output: { by: "berth" } }
      : { before: { active: await isLoaded(ctx.host) } };
  },
  async apply(input, _before, ctx) {
    const foreign = await foreignFirewall(ctx.host, input.openPorts);
    const lock = await ctx.lock("server");
    if (foreign) {
      ctx.log(`${foreign.kind} is active and stays in charge; ports that Docker publishes are not behind it\n`);
      await openInForeign(lock, foreign.kind, input.openPorts);
    } else await close(await rulesFor(ctx.host, input), lock, ctx);
    await writeFile(lock, portsFile(input.stack), portsText(input.openPorts), { mode: "0600" });
  },
});

/** A stack goes: the ports that it alone wanted are closed. `openPorts`: those that stay, whoever is left. */
export const releasePorts = defineStep({
  kind: "provision.firewall.release",
  effect: "change",
  input: Input,
  before: z.object({ ports: z.string() }),
  output: z.null(),
  title: ({ stack }) => `close the ports that only ${stack} wanted`,
  async observe({ stack }, ctx) {
    const ports = await recordedPorts(ctx.host, stack);
    return ports === null ? { output: null } : { before: { ports } };
  },
  async apply(input, { ports }, ctx) {
    const lock = await ctx.lock("server");
    const others = [...input.openPorts, ...(await portsOfOthers(ctx.host, input.stack))];
    const foreign = await foreignFirewall(ctx.host, []);
    if (!within(parsePorts(portsFile(input.stack), ports), others)) {
      // Its rules are a person's: theirs and ours cannot be told apart there.
      if (foreign) ctx.log(`${foreign.kind} is in charge: what was opened for ${input.stack} in it stays open\n`);
      else await close(await rulesFor(ctx.host, input), lock, ctx);
    }
    await lock.run(["rm", "-f", "--", portsFile(input.stack)]);
  },
});

/** The port that we came in by is open, whatever the plan says: it may have been moved since. */
async function rulesFor(host: Host, { stack, sshPorts, openPorts }: Input): Promise<string> {
  const live = await wayIn(host);
  const others = await portsOfOthers(host, stack);
  return firewallRules({ sshPorts: [...sshPorts, live?.port ?? host.port], openPorts: [...openPorts, ...others] });
}

const isLoaded = async (host: Host) => (await host.exec([nft, "list", "table", "inet", "berth"])).code === 0;

// The file, loaded in an empty network namespace, and the live table must print the same: nft has many spellings of one rule.
const sameAsLive = `live=$(${nft} --stateless list table inet berth 2>/dev/null) || exit 1
[ "$live" = "$(unshare --net sh -c '${nft} --file "$1" && ${nft} --stateless list table inet berth' sh "$1")" ]`;

async function holds(host: Host, rules: string): Promise<boolean> {
  // A running clock means that the way in was not proved with these rules.
  if (await isArmed(host, "firewall")) return false;
  if ((await readFile(host, firewallFile)) !== rules || (await readFile(host, unitFile)) !== firewallUnit) return false;
  const enabled = await host.exec(["systemctl", "is-enabled", "--quiet", unitName]);
  return enabled.code === 0 && (await host.exec(sh(sameAsLive, firewallFile))).code === 0;
}

// What was in force before: the file that was proved earlier, else nothing of ours.
const undo = `if [ -e ${firewallFile} ]; then ${nft} --file ${firewallFile}; else ${nft} delete table inet berth; fi`;

async function close(rules: string, lock: Lock, ctx: StageContext): Promise<void> {
  await lock.run(["install", "-d", "-m", "755", "/etc/berth"]);
  await writeFile(lock, candidate, rules, { mode: "644" });
  await load(lock, "--check").catch((error: unknown) => {
    throw notTaken(ctx.host, error, "nothing was changed");
  });

  await arm(lock, { name: "firewall", undo });
  await load(lock).catch((error: unknown) =>
    takeBack(lock, "firewall", notTaken(ctx.host, error, "it was taken back")),
  );
  await proveWayIn(ctx).catch((error: unknown) => takeBack(lock, "firewall", lockedOut(ctx.host, error)));

  // Only what was proved is loaded again at the next boot.
  await lock.run(["mv", "-f", "--", candidate, firewallFile]);
  await writeFile(lock, unitFile, firewallUnit, { mode: "644" });
  await lock.run(["systemctl", "daemon-reload"]);
  await lock.run(["systemctl", "enable", "--quiet", unitName]);
  // Where it had fired, the file in its place was loaded: the step's second look tells.
  await disarm(lock, "firewall");
}

const load = (lock: Lock, ...options: string[]) => lock.run([nft, ...options, "--file", candidate]);

const notTaken = (host: Host, error: unknown, outcome: string) =>
  new BerthError({
    code: "firewall_not_taken",
    message: `The server's nft does not take the firewall, so ${outcome}.`,
    object: host.name,
    cause: reasonOf(error),
    next: `Look at it on the server (nft --check --file ${candidate}; nft list ruleset), then deploy again.`,
  });

const lockedOut = (host: Host, error: unknown) =>
  new BerthError({
    code: "firewall_locks_out",
    message: "With the firewall on, no new login came through, so it was taken back.",
    object: host.name,
    cause: reasonOf(error),
    next: "If SSH is reached by another port or a jump through this server, name the port in the plan; then deploy again.",
  });
