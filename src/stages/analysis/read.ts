import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { listFiles, type SourceFile } from "../source/files.ts";

/** A source as the rules see it: they can look, within bounds, and nothing else. */
export interface View {
  /** Plain files that belong to the project: vendored and generated folders are left out. Sorted by path. */
  readonly files: readonly SourceFile[];
  has(path: string): boolean;
  /** The first MB of a text file; undefined where there is none, or where it holds NUL bytes. Bad UTF-8 becomes U+FFFD. */
  text(path: string): string | undefined;
}

const maxTextBytes = 1_000_000;
/** Of what all rules together read, a file that is read twice counted once: the rest of an enormous source stays unread. */
const maxReadBytes = 64_000_000;
const limits = { maxFiles: 250_000, maxBytes: Number.MAX_SAFE_INTEGER };

/** Opens a folder for reading. No link is followed, so that none leads out of it or in a circle. */
export async function openView(dir: string): Promise<View> {
  const files = (await listFiles(dir, limits)).files.filter(({ path, kind }) => kind === "file" && !isVendored(path));
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  const texts = new Map<string, string | undefined>();
  let left = maxReadBytes;
  return {
    files,
    has: (path) => sizes.has(path),
    text(path) {
      if (texts.has(path)) return texts.get(path);
      const size = Math.min(sizes.get(path) ?? 0, maxTextBytes);
      if (!sizes.has(path) || size > left) return undefined;
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

/** Synchronous on purpose: a hop to the thread pool for each of thousands of small files costs more than reading them. */
function readText(path: string, size: number): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(size);
    const bytes = buffer.subarray(0, readSync(file, buffer, 0, size, 0));
    return bytes.includes(0) ? undefined : bytes.toString("utf8").replace(/^\uFEFF/, "");
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
