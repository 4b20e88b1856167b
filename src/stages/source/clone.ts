import { randomBytes } from "node:crypto";
import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { gitFailure } from "./failures.ts";
import { type Git, openGit } from "./git.ts";
import type { GitAccess } from "./git-config.ts";
import { type Limits, megabytes, tooLarge, watchSize } from "./limits.ts";
import { allowedAddresses, type Lookup } from "./network.ts";
import type { GitSource } from "./parse.ts";
import { chooseRef, parseRefs, type Wanted } from "./refs.ts";

export interface CloneOptions extends GitAccess, Limits {
  /** Checkouts are kept here, one folder a commit, and used again. */
  workDir: string;
  allowPrivateAddresses: boolean;
  /** Whether http://, which proves nothing and hides nothing, may be used. */
  allowPlaintext: boolean;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  lookup: Lookup;
}

export interface Checkout {
  /** The root of the repository, with its .git folder. */
  dir: string;
  commit: string;
  ref: string | null;
  /** From a page's address, after its ref. */
  path: string | null;
}

/** The files of one commit, without history. Throws the errors that `resolve` (fetch.ts) lists. */
export async function clone(source: GitSource, options: CloneOptions): Promise<Checkout> {
  if (source.address.transport === "http" && !options.allowPlaintext) throw plaintextRefused(source);
  const addresses = await allowedAddresses(source.address, options);
  const access = { ...options, token: source.token ?? options.token };
  const limit = limitTo(source.address.url, options);
  const git = await openGit(source.address, addresses, access, limit.signal);
  try {
    return await checkout(source, git, options, limit);
  } catch (error) {
    const credentials = source.address.transport === "ssh" ? (options.sshKey ?? options.sshAgent) : access.token;
    throw (
      limit.reason() ??
      (error instanceof BerthError ? error : gitFailure(error, source.address, credentials !== undefined))
    );
  } finally {
    limit.stop();
    await git.dispose();
  }
}

async function checkout(source: GitSource, git: Git, options: CloneOptions, limit: Limit): Promise<Checkout> {
  await mkdir(options.workDir, { recursive: true });
  const { url } = source.address;
  const listing = await git.run(
    options.workDir,
    ["ls-remote", url, "HEAD", "refs/heads/*", "refs/tags/*"],
    limit.count(64e6),
  );
  const wanted = chooseRef(parseRefs(listing), source);
  const kept = (commit: string) => join(options.workDir, `git-${sha256(`${url} ${commit}`).slice(0, 20)}`);
  if (wanted.commit !== null && (await isWhole(git, kept(wanted.commit)))) {
    return { dir: kept(wanted.commit), commit: wanted.commit, ref: wanted.ref, path: wanted.path };
  }
  const dir = join(options.workDir, `incoming-${randomBytes(6).toString("hex")}`);
  await mkdir(dir);
  const watch = watchSize(dir, options.maxBytes, () =>
    limit.end(tooLarge(url, `More than ${megabytes(options.maxBytes)} came.`)),
  );
  try {
    const commit = await fetchCommit(git, dir, url, wanted);
    await checkTree(git, dir, commit, url, options, limit);
    await git.run(dir, ["checkout", "--quiet", "--force", "--detach", commit]);
    await rm(kept(commit), { recursive: true, force: true });
    await rename(dir, kept(commit));
    return { dir: kept(commit), commit, ref: wanted.ref, path: wanted.path };
  } finally {
    watch.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Whether an earlier checkout is there and nobody has edited it. */
async function isWhole(git: Git, dir: string): Promise<boolean> {
  if (!(await lstat(dir).catch(() => undefined))) return false;
  return (await git.run(dir, ["status", "--porcelain", "--ignored"]).catch(() => "broken")) === "";
}

async function fetchCommit(git: Git, dir: string, url: string, { want, commit }: Wanted): Promise<string> {
  await git.run(dir, ["init", "--quiet"]);
  const fetch = (...what: string[]) => git.run(dir, ["fetch", "--quiet", "--no-tags", ...what]);
  if (commit !== null) {
    const shallow = await fetch("--depth=1", url, `+${want}:refs/berth/source`).catch(
      (error: unknown) => error as Error,
    );
    if (!(shallow instanceof Error)) return revision(git, dir, "refs/berth/source");
    // A server may give out no commit that is not the newest of a branch; then it lies in the branches' history.
    if (want.startsWith("refs/") || want === "HEAD" || !/not our ref|unadvertised/i.test(shallow.message))
      throw shallow;
  }
  if (want === "HEAD") {
    await fetch("--depth=1", url, "+HEAD:refs/berth/source");
    return revision(git, dir, "refs/berth/source");
  }
  await fetch(url, "+refs/heads/*:refs/berth/heads/*", "+refs/tags/*:refs/berth/tags/*");
  return revision(git, dir, want).catch(() => {
    throw commitNotFound(want, url);
  });
}

const revision = async (git: Git, dir: string, name: string) =>
  (await git.run(dir, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`])).trim();

/** Adds up what the commit holds before it is written: a few kB of pack can stand for a million files. */
async function checkTree(
  git: Git,
  dir: string,
  commit: string,
  url: string,
  limits: Limits,
  limit: Limit,
): Promise<void> {
  const tree = await git.run(dir, ["ls-tree", "-r", "-l", "-z", "--full-tree", commit], limit.count(64e6));
  const entries = tree.split("\0").filter(Boolean);
  const bytes = entries.reduce((sum, entry) => sum + (Number(/^\d+ \w+ \w+ +(\d+)\t/.exec(entry)?.[1]) || 0), 0);
  if (entries.length > limits.maxFiles)
    throw tooLarge(url, `It has ${entries.length} files; ${limits.maxFiles} are allowed.`);
  if (bytes > limits.maxBytes)
    throw tooLarge(url, `Its files have ${megabytes(bytes)}; ${megabytes(limits.maxBytes)} are allowed.`);
}

type Limit = ReturnType<typeof limitTo>;

/** One signal for all that may end git early, and the error to show for it. */
function limitTo(url: string, { timeoutMs, signal }: CloneOptions) {
  const own = new AbortController();
  let reason: BerthError | undefined;
  const end = (error: BerthError) => {
    reason ??= error;
    own.abort();
  };
  const timer = setTimeout(() => end(timedOut(url, timeoutMs)), timeoutMs);
  return {
    signal: signal ? AbortSignal.any([own.signal, signal]) : own.signal,
    end,
    reason: () => reason ?? (signal?.aborted ? signal.reason : undefined),
    stop: () => clearTimeout(timer),
    /** Ends git when it writes more than this. */
    count: (maxBytes: number) => {
      let bytes = 0;
      return (more: number) => {
        bytes += more;
        if (bytes > maxBytes) end(tooLarge(url, `A list of its branches or files is over ${megabytes(maxBytes)}.`));
      };
    },
  };
}

const timedOut = (url: string, timeoutMs: number) =>
  new BerthError({
    code: "timeout",
    message: "Fetching the repository took too long and was stopped.",
    object: url,
    cause: `It was not there after ${Math.round(timeoutMs / 1000)} s.`,
    next: "Repeat the command; if the repository is large or the line slow, raise the time limit.",
  });

const commitNotFound = (want: string, url: string) =>
  new BerthError({
    code: "branch_not_found",
    message: "The repository has no branch, tag or commit of this name.",
    object: cleanLine(want),
    cause: `No branch or tag of ${url} leads to a commit ${cleanLine(want)}.`,
    next: "Give a branch, a tag, or more digits of the commit.",
  });

const plaintextRefused = ({ address }: GitSource) =>
  new BerthError({
    code: "protocol_refused",
    message: "A repository is not fetched over plain http://.",
    object: address.url,
    cause: "Anybody on the way could read the credentials and change the code.",
    next: `Use https://${address.host}/…, or ssh://.`,
  });
