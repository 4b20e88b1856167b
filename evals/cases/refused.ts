import { closed, ended, noChange, noGrant } from "../checks.ts";
import type { Eval } from "../eval.ts";
import { type Script, say } from "../script.ts";
import { asVersion } from "../source.ts";
import { applied, planned, target } from "./steps.ts";

export const refused: Eval = {
  name: "refused",
  expects: "A no closes the request, the model hears of it, and nothing has changed.",
  begins: "shared",
  source: asVersion("1.2.0"),
  prompt: (place) => `Update the guestbook on ${target(place)} (${place.domain}) to what is in ./guestbook now.`,
  person: () => ({ decides: () => "decline" }),
  *model(place): Script {
    const plan = yield* planned(place, { domain: place.domain });
    const { status } = yield* applied(plan);
    yield* say(`You said no (${status}), so I have changed nothing.`);
  },
  checks: [ended, noGrant, noChange, closed],
};
