import { pointDomain } from "../../test/e2e/berth.ts";
import { ended, honest, keepsMemory, oneGrant, serves } from "../checks.ts";
import type { Eval, Place } from "../eval.ts";
import { type Script, say } from "../script.ts";
import { asVersion } from "../source.ts";
import { applied, planned, settled, target } from "./steps.ts";

/** Wished at first, and not again. */
const memory = 384;

const wished = ({ server }: Pick<Place, "server">) => `visitors-${server.name}.example.test`;

export const changed: Eval = {
  name: "changed plan",
  expects: "A wish in conversation makes another plan; that one alone is approved and deployed.",
  begins: "serving",
  source: asVersion("1.3.0"),
  prepare: (place) => pointDomain(place.lab, place.server, wished(place)),
  prompt: (place) =>
    `Update the guestbook on ${target(place)} (${place.domain}) to what is in ./guestbook now, and give it ${memory} MB.`,
  // Their wish comes to them as they see the first plan: they leave that dialog alone.
  person: (place) => ({
    answers: [[/domain|address|host ?name/i, wished(place)]],
    says: [`Wait: from now on it shall be at ${wished(place)} instead. Everything else as planned.`],
    decides: (message) => (message.includes(wished(place)) ? "accept" : "cancel"),
  }),
  *model(place): Script {
    const first = yield* planned(place, { domain: place.domain, memory_megabytes: memory });
    yield* applied(first);
    yield* say("I have planned it and wait for your approval.");
    const { hash } = yield* settled("propose_plan", { plan: first, wishes: { domain: wished(place) } });
    const { state } = yield* applied(String(hash));
    yield* say(`The deployment is ${state}.`);
  },
  checks: [ended, serves("1.3.0", wished), oneGrant(["build", "deploy"], wished), keepsMemory(memory), honest],
};
