import type { Command } from "commander";
import { assertPerson } from "../approval/agent.ts";
import { BerthError } from "../kit/error.ts";
import { visible } from "../kit/text.ts";
import { type Adoption, adopt, lookForAdoption } from "../services/adopt.ts";
import type { Berth } from "../services/berth.ts";
import { addressesOf } from "../stages/plan/addresses.ts";
import type { Act } from "./commands.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

interface Options {
  name?: string;
  stack: string[];
  hostKey?: string;
  json?: boolean;
  identity?: string;
}

const each = (value: string, before: string[]) => [...before, value];

/** `berth adopt`: what another computer, or a state folder that is lost, knew of a server. It changes nothing there. */
export function addAdopt(program: Command, act: Act): void {
  program
    .command("adopt <server>")
    .description("learns from a server what stands there: its stacks, plans and secrets; nothing there is changed")
    .option("--stack <name>", "only this one; may be given again", each, [])
    .option("--name <name>", "what the server is called, as the plans that stand there call it")
    .option("--host-key <fingerprint>", "SHA256:…, compared with the provider's console")
    .option("--identity <file>", "a private SSH key to log in with")
    .option("--json", "JSON")
    .action((server: string, options: Options) =>
      act((berth, terminal) => adoptFrom(berth, terminal, server, options))(options),
    );
}

/** Shows what the server keeps, hears the person about its host key, and takes it over. */
export async function adoptFrom(berth: Berth, terminal: Terminal, server: string, options: Options): Promise<ExitCode> {
  const { name, stack: stacks, hostKey } = options;
  const found = await lookForAdoption(berth, { server, name, stacks, hostKey });
  terminal.note(renderAdoption(found));
  if (found.stacks.length === 0) throw noneTaken(found);
  if (!(await isTrusted(berth, terminal, found, hostKey))) {
    terminal.note("Not adopted; nothing was changed.");
    return 3;
  }
  adopt(berth, found);
  if (terminal.json) terminal.say(JSON.stringify(report(found)));
  else
    terminal.say(
      `${found.server.name} is known here now, with ${names(found)}. Its source comes with: berth up SOURCE`,
    );
  return 0;
}

/** A person says that the key is the server's: by comparing it, by naming it, or because it was pinned before. */
async function isTrusted({ store, config }: Berth, terminal: Terminal, found: Adoption, named: string | undefined) {
  if (found.server.pinned === found.hostKey) return true;
  assertPerson(store, config.env, [found.server.target.host]);
  if (named !== undefined) return true;
  const question = `Is ${found.hostKey} the server's host key, as its provider's console shows it? Type yes: `;
  const answer = await terminal.ask(question, { afresh: true });
  if (answer === undefined) throw keyUnconfirmed(found);
  return answer.trim().toLowerCase() === "yes";
}

const names = ({ stacks }: Adoption) => stacks.map(({ stack }) => stack).join(", ");

/** No value of a secret is part of it. */
const report = ({ server, hostKey, stacks, refused }: Adoption) => ({
  event: "result",
  state: "adopted",
  server: server.name,
  hostKey,
  stacks: stacks.map(({ stack, serial, applied, earlier, missing }) => ({
    stack,
    serial,
    plan: applied.hash,
    earlier: earlier.map(({ hash }) => hash),
    missing,
  })),
  refused,
});

function renderAdoption({ server, hostKey, stacks, refused }: Adoption): string {
  const { user, host, port } = server.target;
  const lines = [
    `Server ${server.name}: ${user}@${host}:${port}, host key ${hostKey}`,
    ...stacks.flatMap(({ stack, serial, applied, earlier, values, missing }) => [
      `  ${stack}: applied ${serial} times, last on ${applied.at}, plan ${applied.hash.slice(0, 12)}`,
      `    source ${applied.plan.source.name} (${applied.plan.source.kind}), which is not on the server`,
      `    ${addressesOf(applied.plan).join(", ") || "no address"}`,
      `    earlier plans to go back to: ${earlier.map(({ hash }) => hash.slice(0, 12)).join(", ") || "none"}`,
      `    values that were given: ${values.map(({ name }) => name).join(", ") || "none"}; generated ones stay on the server`,
      ...missing.map((what) => `    ! not there: ${what}`),
    ]),
    ...refused.map(({ stack, why }) => `  ! ${stack} cannot be adopted: ${why}`),
    "The next plans start from what this server says: its wishes, images and databases.",
  ];
  return `${lines.map(visible).join("\n")}\n`;
}

const noneTaken = ({ server, refused }: Adoption) =>
  new BerthError({
    code: "nothing_to_adopt",
    message: "None of the stacks on this server can be adopted.",
    object: server.name,
    cause: refused.map(({ stack, why }) => `${stack}: ${visible(why)}`).join("\n"),
    next: "What the cause names, then the same command again.",
  });

const keyUnconfirmed = ({ server, hostKey }: Adoption) =>
  new BerthError({
    code: "approval_required",
    message: "A person has to say that this is the server's host key; nothing was changed.",
    object: `${server.name}, ${hostKey}`,
    cause: "There is no terminal here to ask on.",
    next: `Compare it with the provider's console, then: berth adopt ${server.name} --host-key ${hostKey}`,
  });
