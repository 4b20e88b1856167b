import { visible } from "../../kit/text.ts";
import { differences, differencesTitle, type StandingPlan } from "./differences.ts";
import { routeText } from "./render.ts";
import type { Backing, Plan, Service } from "./schema.ts";

/** A step as it stands before anything is done. */
export interface SummaryStep {
  title: string;
  effect: string;
  holds: boolean;
}

/** What a person is told beside the plan itself. */
interface SummaryAbout {
  /** The approval request: it shows the whole plan on a terminal. */
  request: string;
  /** Where the source came from, as far as it is known here; of its content the plan holds the hash. */
  from: string | undefined;
  /** Another source stands under the stack's name. */
  replaces: string | undefined;
  /** What stands on the server was not applied from this computer. */
  startsFromUnknown: boolean;
  /** What stands on the server, where it was applied from here. */
  stands: StandingPlan | undefined;
}

/** A client's dialog is small: at most 25 lines and 2,000 characters. */
const most = { characters: 2000, services: 3, steps: 8, differences: 4, risks: 2, names: 5, value: 40 };

/** How wide a line may be; the last of them keeps every plan within the bounds. */
const widths = [220, 120, 79];

/**
 * What a person approves by in a client's dialog. Names and commands come from the repository and the server: none can
 * forge a line or hide one, and what is left out is said.
 */
export function renderSummary(
  plan: Plan,
  hash: string,
  steps: readonly SummaryStep[],
  { request, from, replaces, startsFromUnknown, stands }: SummaryAbout,
): string {
  // What a model was told by somebody else may have become a wish, so what goes into a program by one is shown.
  const wished = named(
    "Wished variables",
    // A long value is not to hide the name behind it.
    few(Object.entries(plan.wishes.env).map(([name, value]) => `${name}=${cut(oneLine(value), most.value)}`)),
  );
  // Two repositories may have one name: which one it is shows in the address alone.
  const origin = named("From", from ?? "");
  const room = most.steps - origin.length - wished.length;
  const changed = stands === undefined ? [] : changedLines(plan, stands, Math.min(most.differences, room - 3));
  const lines = [
    `Apply plan ${hash.slice(0, 12)} of ${plan.stack}?`,
    `Source: ${plan.source.name} (${plan.source.kind}) at ${plan.source.revision.slice(0, 12)}${wasAt(plan, stands?.plan)}`,
    ...origin,
    `Server: ${plan.server.user}@${plan.server.host}:${plan.server.port}, host key ${plan.server.hostKey}`,
    ...named("Addresses", few(plan.routes.map(routeText))),
    ...fewLines(plan.services.map(serviceLine), most.services, "services"),
    ...wished,
    ...named("Backing services", few(plan.backing.map(backingText))),
    ...named("Volumes", few(plan.volumes.map(({ name, holds }) => `${name} (${holds})`))),
    ...named("Secrets", few(plan.secrets.map(({ name, origin }) => `${name} (${origin})`))),
    `Firewall: open ${few(portsOf(plan))}; everything else is closed from outside`,
    ...changed,
    ...stepLines(steps, room - changed.length),
    ...fewLines(
      [
        ...(replaces === undefined
          ? []
          : [`Mind: another source runs as ${plan.stack}, ${replaces}: this replaces it.`]),
        ...(startsFromUnknown ? [unknownStands] : []),
        ...plan.risks.map(({ about, text }) => `Mind: ${about}: ${text}`),
      ],
      most.risks,
      "things to mind",
    ),
    "Cost: nothing, the server is yours.",
    "A yes covers preparing the server, building and deploying, each once, for 24 hours.",
    `The whole plan, in a terminal: berth approve ${request}`,
  ].map(oneLine);
  const texts = widths.map((width) => lines.map((line) => cut(line, width)).join("\n"));
  return texts.find((text) => text.length <= most.characters) ?? texts.at(-1) ?? "";
}

const unknownStands = "Mind: what stands there was not applied from here; what this plan keeps is the server's word.";

function serviceLine({ name, image, port, replicas, published, releaseCommand }: Service): string {
  const facts = [
    // The tag is what people know; the digest stands in the whole plan.
    image.replace(/@sha256:.*/, ""),
    port === null ? "no port" : `port ${port}`,
    ...(replicas === 1 ? [] : [`${replicas} replicas`]),
    ...published.map(({ hostPort, protocol }) => `open to the world on ${hostPort}/${protocol}`),
  ];
  return `Service ${name}: ${facts.join(", ")}${releaseCommand ? `; before each release: ${releaseCommand.join(" ")}` : ""}`;
}

const backingText = ({ name, image, published }: Backing) =>
  `${name} (${image.split("@")[0]}${published.map(({ hostPort, protocol }) => `, open to the world on ${hostPort}/${protocol}`).join("")})`;

const portsOf = ({ provision: { sshPorts, openPorts } }: Plan) => [
  ...sshPorts.map((port) => `${port} (SSH)`),
  // What a wish opens before what every plan opens, since a long list is cut.
  ...openPorts
    .toSorted((a, b) => Number(isUsual(a)) - Number(isUsual(b)))
    .map(({ port, protocol }) => `${port}/${protocol}`),
];

const isUsual = ({ port }: { port: number }) => port === 80 || port === 443;

const wasAt = ({ source }: Plan, before: Plan | undefined) =>
  before === undefined || before.source.revision === source.revision
    ? ""
    : ` (what stands: ${before.source.revision.slice(0, 12)})`;

/** What no step says: an old version may bring back less memory, another database, another address. */
function changedLines(plan: Plan, stands: StandingPlan, atMost: number): string[] {
  const lines = differences(stands.plan, plan).map((line) => `* ${line}`);
  return [differencesTitle(stands, lines.length), ...fewLines(lines, atMost, "settings")];
}

/** What spends or destroys is read before the rest, of which a number may have to do. */
function stepLines(steps: readonly SummaryStep[], atMost: number): string[] {
  const changes = steps
    .filter(({ holds }) => !holds)
    .sort((a, b) => Number(a.effect === "change") - Number(b.effect === "change"));
  const titles = changes.map(({ title, effect }) => `+ ${title}${effect === "change" ? "" : ` [${effect}]`}`);
  return [`${changes.length} of ${steps.length} steps would change something:`, ...fewLines(titles, atMost, "steps")];
}

const named = (name: string, text: string): string[] => (text === "" ? [] : [`${name}: ${text}`]);

function few(items: readonly string[]): string {
  const rest = items.length - most.names;
  return [...items.slice(0, most.names), ...(rest > 0 ? [`… and ${rest} more`] : [])].join(", ");
}

/** At most so many lines, the one that says how many are missing included. */
function fewLines(lines: readonly string[], atMost: number, what: string): string[] {
  if (lines.length <= atMost) return [...lines];
  return [...lines.slice(0, atMost - 1), `… and ${lines.length - atMost + 1} more ${what}`];
}

/** A dialog wraps long lines, so a row of spaces could pass for the end of one. */
const oneLine = (text: string) => visible(text).replace(/\p{Zs}{3,}/gu, (spaces) => ` (${spaces.length} spaces) `);

function cut(line: string, width: number): string {
  const mark = " … (cut)";
  if (line.length <= width) return line;
  // A cut may fall between the halves of one character.
  return `${line.slice(0, width - mark.length).replace(/\p{Surrogate}$/u, "")}${mark}`;
}
