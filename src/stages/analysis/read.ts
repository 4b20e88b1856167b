import { constants, open } from "node:fs/promises";
import { join } from "node:path";
import { listFiles, type SourceFile } from "../source/files.ts";

/** A source as the rules see it: they can look, within bounds, and nothing else. */
export interface View {
  /** Plain files that belong to the project: vendored and generated folders are left out. Sorted by path. */
  readonly files: readonly SourceFile[];
  has(path: string): boolean;
  /** The first MB of a text file; undefined where there is none, or where it holds NUL bytes. Bad UTF-8 becomes U+FFFD. */
  text(path: string): Promise<string | undefined>;
}

const maxTextBytes = 1_000_000;
/** Of what all rules together read, a file that is read twice counted once: the rest of an enormous source stays unread. */
const maxReadBytes = 64_000_000;
const limits = { maxFiles: 250_000, maxBytes: Number.MAX_SAFE_INTEGER };

/** Opens a folder for reading. No link is followed, so that none leads out of it or in a circle. */
export async function openView(dir: string): Promise<View> {
  const files = (await listFiles(dir, limits)).files.filter(({ path, kind }) => kind === "file" && !isVendored(path));
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  const texts = new Map<string, Promise<string | undefined>>();
  let left = maxReadBytes;
  return {
    files,
    has: (path) => sizes.has(path),
    text(path) {
      const known = texts.get(path);
      if (known !== undefined) return known;
      const size = Math.min(sizes.get(path) ?? 0, maxTextBytes);
      if (!sizes.has(path) || size > left) return Promise.resolve(undefined);
      left -= size;
      const text = readText(join(dir, path), size);
      texts.set(path, text);
      return text;
    },
  };
}

/** Folders of other people's code, of build output and of tools. */
const vendored =
  /(?:^|\/)(?:node_modules|bower_components|jspm_packages|vendor|third[_-]party|\.yarn|\.pnp\.\w+|\.next|\.nuxt|\.svelte-kit|\.turbo|\.venv|venv|__pycache__|\.tox|target\/(?:debug|release|classes)|\.gradle|\.idea|\.vscode)(?:\/|$)/;
const isVendored = (path: string) => vendored.test(path);

async function readText(path: string, size: number): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!file) return undefined;
  try {
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    const bytes = buffer.subarray(0, bytesRead);
    return bytes.includes(0) ? undefined : bytes.toString("utf8").replace(/^\uFEFF/, "");
  } finally {
    await file.close();
  }
}
