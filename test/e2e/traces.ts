import { readdirSync, readFileSync } from "node:fs";
import { attemptDocker } from "../../lab/engine.ts";
import { containerName, type Lab } from "../../lab/names.ts";
import { attempt } from "../../lab/shell.ts";

/**
 * The texts under which a value may have been kept: as it is, URL-encoded, escaped for JSON, and in base64 wherever it
 * stands in what was encoded. Not the product's own list, so that the two check each other.
 */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // The letters at both ends hold bits of the neighbours, too.
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const all = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...base64];
  return [...new Set([...all, ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))])];
}

/** The forms that stand in the text. */
export const formsIn = (text: string, forms: readonly string[]): string[] =>
  forms.filter((form) => text.includes(form));

// The forms come by stdin: in its arguments they would stand in the list of processes.
const search =
  "LC_ALL=C grep --recursive --text --no-messages --fixed-strings --files-with-matches --devices=skip --file=-";

/** The files below these paths of this machine that hold one of the forms, in order. */
export async function filesWith(forms: readonly string[], ...paths: string[]): Promise<string[]> {
  return found(await attempt("sh", ["-c", `${search} -- "$@"`, "sh", ...paths], { input: forms.join("\n") }));
}

/** As `filesWith`, of a whole server: all but what the kernel shows of itself and of the processes. */
export async function filesOnServerWith(forms: readonly string[], lab: Lab, server: string): Promise<string[]> {
  // `merged` shows once more what lies in the layers beside it.
  const everything = `${search} --exclude-dir=merged $(find / -mindepth 1 -maxdepth 1 -type d ! -name proc ! -name sys)`;
  const args = ["exec", "--interactive", containerName(lab, server), "sh", "-c", everything];
  return found(await attemptDocker(lab, args, { input: forms.join("\n") }));
}

/** grep ends with 2 where a file went away before it was read. */
function found({ code, stdout, stderr }: Awaited<ReturnType<typeof attempt>>): string[] {
  if (code > 2) throw new Error(`the search ended with ${code}: ${stderr}`);
  return stdout.split("\n").filter(Boolean).sort();
}

/** Reads the list of processes over and over, those within the lab's servers too: each command line that it saw. */
export function watchProcesses(): { stop(): string[] } {
  const lines = new Set<string>();
  // A process shows its parent's command line until it has begun with its own, so a new one is read a few times.
  const reads = new Map<string, number>();
  const look = () => {
    const there = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    for (const pid of there) {
      const times = reads.get(pid) ?? 0;
      reads.set(pid, times + 1);
      if (times < 6) lines.add(commandOf(pid));
    }
    for (const pid of reads.keys()) if (!there.includes(pid)) reads.delete(pid);
  };
  const timer = setInterval(look, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return [...lines];
    },
  };
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
