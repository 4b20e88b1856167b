import { BerthError } from "../../kit/error.ts";
import { diskFullThere, saysDiskFull } from "../disk-full.ts";
import { isCut, wordsOf } from "./answers.ts";

/** What an Engine or a registry has said about an image that did not come, as what it means and what to do about it. */
export function pullFailure(reference: string, registry: string, loggedIn: boolean, error: unknown): BerthError {
  const cause = isCut(error)
    ? `Its answer broke off (${wordsOf(error)}): the Engine has ended, or the line to it.`
    : `The Docker Engine says: ${wordsOf(error)}`;
  if (saysDiskFull(cause))
    return diskFullThere({ message: "An image has no room on the server.", object: reference, cause });
  const meant = isCut(error) ? undefined : meanings.find(({ words }) => words.test(cause));
  const { code, message, next } = (meant ?? unavailable).say(reference, registry, loggedIn);
  return new BerthError({ code, message, object: reference, cause, next });
}

interface Meaning {
  words: RegExp;
  say(reference: string, registry: string, loggedIn: boolean): { code: string; message: string; next: string };
}

/** The first that fits: who may not look is told by some registries that there is nothing. */
const meanings: readonly Meaning[] = [
  {
    words:
      /unauthorized|authentication required|access (?:is |to the resource is )?denied|denied:|no basic auth|\b40[13]\b/i,
    say: (_reference, registry, loggedIn) => ({
      code: "registry_login",
      message: loggedIn
        ? `The registry ${registry} does not take the login that this computer has for it.`
        : `The registry ${registry} does not give this image to who is not logged in, or does not have it.`,
      next: `Log in on this computer (docker login ${registry}), then: berth resume`,
    }),
  },
  {
    words: /no matching manifest|does not match the (?:specified|detected) (?:host )?platform|image operating system/i,
    say: () => ({
      code: "image_architecture",
      message: "The image is not made for the server's kind of processor.",
      next: "Name a tag that is made for it, or take a server that it is made for, and plan again: berth up",
    }),
  },
  {
    words: /manifest unknown|manifest for .* not found|name unknown|repository .* not found|: not found/i,
    say: (_reference, registry) => ({
      code: "image_unknown",
      message: `The registry ${registry} has no such image.`,
      next: "It was there when it was planned, or its name is mistyped. Name one that is there, and plan again: berth up",
    }),
  },
];

const unavailable: Pick<Meaning, "say"> = {
  say: (reference) => ({
    code: "image_unavailable",
    message: "The Engine cannot get an image.",
    next: `See whether it reaches the registry (docker pull ${reference}), then: berth resume`,
  }),
};
