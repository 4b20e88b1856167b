import { ended, says, serves, servesAsBefore } from "../checks.ts";
import type { Eval } from "../eval.ts";
import { type Script, say } from "../script.ts";
import { asVersion, edit, write } from "../source.ts";
import { applied, planned, searchedBack, target } from "./steps.ts";

// The cause stands far above the end of what the build prints, as it does in real ones.
const build = `console.error("theme.json:7: no such colour: octarine");
for (let page = 1; page <= 300; page++) console.log("rendering page", page, "of 300: skipped, since the theme is broken");
process.exit(1);
`;

export const failedBuild: Eval = {
  name: "failed build",
  expects: "The model finds the cause in the log, and the old version serves on.",
  begins: "serving",
  async source(folder) {
    await asVersion("1.4.0")(folder);
    await edit(folder, "package.json", '"start":', '"build": "node build.js",\n    "start":');
    await write(folder, "build.js", build);
  },
  prompt: (place) =>
    `Update the guestbook on ${target(place)} (${place.domain}) to what is in ./guestbook now. If something is wrong, tell me why.`,
  person: ({ domain }) => ({ decides: (message) => (message.includes(domain) ? "accept" : "decline") }),
  *model(place): Script {
    const plan = yield* planned(place, { domain: place.domain });
    const { run, state } = yield* applied(plan);
    const cause = /no such colour: (\w+)/;
    const found = yield* searchedBack(String(run), cause);
    yield* say(
      `It ${state}. ${found ? `The theme names a colour that there is not: ${cause.exec(found.text)?.[1]}.` : ""}`,
    );
  },
  checks: [ended, says(/octarine/), serves("1.0.0"), servesAsBefore],
};
