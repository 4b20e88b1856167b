import { BerthError } from "../kit/error.ts";
import { newId } from "../kit/id.ts";
import { clean, cleanLine } from "../kit/text.ts";
import { until } from "../kit/wait.ts";
import { isScrubbable } from "../secrets/forms.ts";
import { Name } from "../stages/plan/wishes.ts";
import { stackOf } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import { type OpenPage, openPage } from "./secret-server.ts";
import type { Asker, SecretOutcome, SecretWanted } from "./surface.ts";

/** In ms: how long a page stands, how long a call waits for the value, and how long it lasts at most with the dialog. */
export interface Patience {
  page: number;
  value: number;
  call: number;
}

const usual: Patience = { page: 10 * 60_000, value: 20_000, call: 40_000 };

/**
 * Leads the person to a page of this computer's where they type a value. The value goes from there into the sealed store:
 * the caller learns its fingerprint. Called again with the same words it finds the page that stands, and answers `set` once
 * the value is there. Throws `usage` on a name that no variable or stack can have, and whatever `asker` throws.
 */
export async function requestSecret(
  berth: Berth,
  wanted: SecretWanted,
  asker: Asker,
  patience: Patience = usual,
): Promise<SecretOutcome> {
  assertNames(wanted);
  const latest = performance.now() + patience.call;
  if (!asker.open) return byHand(berth, wanted);
  const page = await pageFor(berth, wanted, patience);
  const arrived = () => arrivedOn(page, berth, wanted);

  // Whoever said yes and has the form before them is typing: a second dialog would only be in their way.
  if (!arrived() && !(page.accepted && page.wasSeen())) {
    const { url, id } = page;
    const answer = await asker.open({ message: messageOf(wanted), url, id });
    if (answer === "yes") page.accepted = true;
    else if (!arrived()) {
      // Some clients lead there before they have an answer.
      if (answer !== "unanswered" || !page.wasSeen()) leave(page);
      return answer === "no" ? { status: "declined" } : byHand(berth, wanted);
    }
  }

  const timeoutMs = Math.max(0, Math.min(patience.value, latest - performance.now()));
  const outcome = await until(async () => arrived() ?? (page.isOpen() ? undefined : null), { timeoutMs });
  if (!outcome) return { status: "asked", fingerprint: shortPrint(berth, wanted) };
  leave(page);
  return outcome;
}

interface SecretPage extends OpenPage {
  /** Names the page to a client; it does not lead there. */
  id: string;
  /** The person said yes to being led there. */
  accepted: boolean;
  /** A value came over it. */
  given: boolean;
  /** Fingerprint of the value that there was. */
  before: string | undefined;
  /** When it counts no more, whatever came over it; ms of the monotonic clock. */
  forgotten: number;
}

/** One for each secret, in this process: a call that is made again finds it. */
const pages = new WeakMap<Store, Map<string, Promise<SecretPage>>>();

function pagesOf({ store }: Berth): Map<string, Promise<SecretPage>> {
  const known = pages.get(store) ?? new Map<string, Promise<SecretPage>>();
  pages.set(store, known);
  return known;
}

async function pageFor(berth: Berth, wanted: SecretWanted, patience: Patience): Promise<SecretPage> {
  const known = pagesOf(berth);
  const key = keyOf(wanted);
  const found = known.get(key);
  const page = await found;
  // What came over a page that nobody asked about since is old news: whoever asks now wants another value.
  const counts = page && performance.now() < page.forgotten;
  if (counts && (page.isOpen() || arrivedOn(page, berth, wanted))) return page;
  if (known.get(key) !== found) return pageFor(berth, wanted, patience);
  const opened = openFor(berth, wanted, patience);
  known.set(key, opened);
  opened.catch(() => known.delete(key));
  return opened;
}

async function openFor(berth: Berth, wanted: SecretWanted, patience: Patience): Promise<SecretPage> {
  const { stack, name, why } = wanted;
  const shown = {
    stack,
    name,
    why: clean(why, 500),
    present: shortPrint(berth, wanted),
    knownStack: stackOf(berth.store, stack) !== undefined,
    minutes: Math.round(patience.page / 60_000),
  };
  const state = {
    id: newId("page"),
    accepted: false,
    given: false,
    before: printOf(berth, wanted),
    forgotten: performance.now() + 2 * patience.page,
  };
  const take = (value: string) => {
    berth.secrets.set(stack, name, value);
    state.given = true;
  };
  return Object.assign(state, await openPage(shown, take, patience.page));
}

function leave(page: SecretPage): void {
  page.close();
  page.forgotten = 0;
}

/** A value that came since the page was opened, over it or by the command line. */
function arrivedOn(page: SecretPage, berth: Berth, wanted: SecretWanted): SecretOutcome | undefined {
  const print = printOf(berth, wanted);
  if (print === undefined || (!page.given && print === page.before)) return undefined;
  const value = berth.secrets.value(wanted.stack, wanted.name, print);
  return { status: "set", fingerprint: print.slice(0, 8), scrubbable: isScrubbable(value.reveal()) };
}

const keyOf = ({ stack, name }: SecretWanted) => `${stack}/${name}`;

const printOf = (berth: Berth, { stack, name }: SecretWanted): string | undefined =>
  Object.entries(berth.secrets.fingerprints(stack)).find(([known]) => known === name)?.[1];

const shortPrint = (berth: Berth, wanted: SecretWanted): string | null => printOf(berth, wanted)?.slice(0, 8) ?? null;

const byHand = (berth: Berth, wanted: SecretWanted): SecretOutcome => ({
  status: "by_hand",
  command: `berth secrets set ${wanted.name} --stack ${wanted.stack}`,
  fingerprint: shortPrint(berth, wanted),
});

const messageOf = ({ stack, name, why }: SecretWanted): string =>
  `Give the value of ${name} for the stack ${stack} on a page of this computer. It goes to Berth alone: the agent never sees it. The agent's reason: “${cleanLine(why, 200).replace(/[“”„‟"]/g, "'")}”`;

/** They stand in a command that a person copies. */
function assertNames({ stack, name }: SecretWanted): void {
  if (!Name.safeParse(stack).success)
    throw unusable("stack", stack, "It has lower-case letters, digits and dashes, and begins with a letter.");
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name))
    throw unusable("variable", name, "It has letters, digits and underscores, and does not begin with a digit.");
}

const unusable = (what: string, object: string, cause: string) =>
  new BerthError({
    code: "usage",
    message: `This is no name of a ${what}.`,
    object: cleanLine(object, 80),
    cause,
    next: "Name it as the plan does.",
  });
