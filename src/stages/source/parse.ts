import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { type GitAddress, parseAddress } from "./address.ts";
import { parseBrowserAddress } from "./browser.ts";
import { type ImageName, parseImageName } from "./image-name.ts";

/** A source as somebody named it, understood but not looked at yet. */
export type Source = FolderSource | GitSource | ImageSource;

export interface FolderSource {
  kind: "folder";
  path: string;
}

export interface GitSource {
  kind: "git";
  address: GitAddress;
  /** Written into the address by the person; never shown, stored or put on a command line. */
  token: string | null;
  /** A branch, tag or commit; null: the server's default branch. */
  ref: string | null;
  subfolder: string | null;
  /** From a page's address: a ref followed by a path, told apart once the server's branches are known. */
  refAndPath: string | null;
}

/** What somebody else has built; there are no files. */
export interface ImageSource {
  kind: "image";
  image: ImageName;
}

/**
 * Understands SOURCE: a folder, or a git address with `#REF`, `#REF:SUBFOLDER` or `#:SUBFOLDER`, or the address of a page on
 * GitHub, GitLab or Bitbucket, or `image:REFERENCE`. Throws `protocol_refused`, `source_not_supported`, `source_not_found` or
 * `image_name_wrong`; looks at nothing.
 */
export function parseSource(text: string): Source {
  const given = text.trim();
  if (given === "" || given.startsWith("-") || /\p{Cc}/u.test(given)) throw notASource(given);
  if (given.startsWith("image:")) return { kind: "image", image: parseImageName(given.slice("image:".length)) };
  if (given.startsWith("template:")) throw comesLater(given);
  const [before = "", fragment] = splitOnce(withScheme(given), "#");
  const page = parseBrowserAddress(before);
  const parsed = parseAddress(page?.clone ?? before);
  if (!parsed) return { kind: "folder", path: given };
  const [ref, subfolder] = page && isAnchor(page.rest, fragment) ? [] : splitOnce(fragment ?? "", ":");
  return {
    kind: "git",
    ...parsed,
    ref: ref ? checkRef(ref) : null,
    subfolder: subfolder ? checkSubfolder(subfolder) : null,
    refAndPath: page?.rest ? checkRef(page.rest) : null,
  };
}

/** A place on a page (a line of a file, the README), which is no ref. */
const isAnchor = (rest: string | null, fragment: string | undefined) => rest !== null || fragment === "readme";

/** People copy `github.com/owner/repository` without its scheme; no folder is named like that. */
const withScheme = (text: string) =>
  /^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)\//.test(text) ? `https://${text}` : text;

function checkRef(ref: string): string {
  // What git itself allows in a name; the rest could be read as an option, a range or a refspec.
  if (/^-|\.\.|[\s~^:?*[\\]|@\{|\/\/|\.lock$|[./]$/.test(ref)) throw notASource(ref);
  return ref;
}

function checkSubfolder(subfolder: string): string {
  const parts = subfolder.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.includes(".git")) throw notASource(subfolder);
  return parts.join("/");
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}

const notASource = (text: string) =>
  new BerthError({
    code: "source_not_found",
    message: "This names no source.",
    object: cleanLine(text) || "(nothing)",
    cause:
      "It is empty, starts with a dash, or holds characters that no address, branch or folder of a repository has.",
    next: "Give a folder, or a git address such as https://HOST/OWNER/REPOSITORY#BRANCH:SUBFOLDER.",
  });

const comesLater = (text: string) =>
  new BerthError({
    code: "source_not_supported",
    message: "A source of the kind template: is not supported by this version.",
    object: cleanLine(text),
    cause: "Templates as sources come with a later version of Berth.",
    next: "Give a folder, a git address, or image:NAME:TAG.",
  });
