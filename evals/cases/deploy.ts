import { ended, honest, oneGrant, says, serves } from "../checks.ts";
import type { Eval } from "../eval.ts";
import { get, type Script, say } from "../script.ts";
import { asVersion } from "../source.ts";
import { applied, planned, target } from "./steps.ts";

export const deploy: Eval = {
  name: "deploy",
  expects: "A question, a plan, one approval, and the guestbook answers at the address.",
  begins: "fresh",
  source: asVersion("1.1.0"),
  prompt: (place) => `Please put ./guestbook on my server ${target(place)}. It is a fresh one.`,
  person: ({ domain }) => ({
    answers: [[/domain|address|host ?name|reach|where/i, domain]],
    decides: (message) => (message.includes(domain) ? "accept" : "decline"),
  }),
  *model(place): Script {
    const answer = yield* get("ask_person", { question: "Under which domain shall the guestbook be reached?" });
    const plan = yield* planned(place, { domain: String(answer["the_person_typed"]) });
    const { state, addresses } = yield* applied(plan);
    yield* say(`The deployment is ${state}: ${String(addresses)}`);
  },
  checks: [ended, serves("1.1.0"), oneGrant(["provision", "build", "deploy"]), honest, says(/https:\/\//)],
};
