import { posix } from "node:path";
import type { View } from "../read.ts";
import type { Evidence, Question, Writable } from "../schema.ts";
import { doubt } from "./doubts.ts";
import { type ComposeService, filled } from "./file.ts";

interface Mounted {
  /** "" where the Engine makes a volume without a name. */
  source: string;
  target: string;
  evidence: Evidence;
}

/** Folders that only keep a bind mount of the source from hiding what the image has. */
const ofImage = /(?:^|\/)(?:node_modules|\.?venv|vendor|dist|build|target|\.next|__pycache__)$/;

/** What must outlive a release, and what of the host's files is wanted and not there. */
export function volumesOf(
  view: View,
  service: ComposeService,
  context: string | null,
): { writable: Writable[]; questions: Question[] } {
  const writable: Writable[] = [];
  const questions: Question[] = [];
  for (const [index, one] of mountsOf(service).entries()) {
    const { source, target, evidence } = one;
    const keep = (why: string) =>
      writable.push({ path: target, from_env: null, why, evidence: [evidence], confidence: "stated" });
    const ask = (what: string) => questions.push(doubt(service.name, `volumes.${index}`, what, evidence));
    if (source === "") {
      if (!ofImage.test(target)) keep(`${evidence.file}:${evidence.line} keeps it in a volume`);
    } else if (!/^[./~]/.test(source)) keep(`${evidence.file}:${evidence.line} keeps it in the volume ${source}`);
    else if (/docker\.sock$/.test(source))
      ask("the Engine's socket is not given: it would be all rights on the server");
    else if (/^[/~]/.test(source) || posix.normalize(source).startsWith(".."))
      ask(`${source} of the host is not mounted at ${target}`);
    else if (!isThere(view, posix.normalize(source))) keep(`${evidence.file}:${evidence.line} keeps it in ${source}`);
    else if (context === null || !isInside(posix.normalize(source), context))
      ask(`${source} of the source is not mounted at ${target}: put it into an image`);
  }
  return { writable, questions };
}

/** Volumes by name that several services write to: each of Berth's services has its own. */
export function sharedVolumes(services: readonly ComposeService[]): Question[] {
  const users = new Map<string, { name: string; evidence: Evidence }[]>();
  for (const service of services) {
    for (const { source, evidence } of mountsOf(service)) {
      if (source === "" || /^[./~]/.test(source)) continue;
      const known = users.get(source) ?? [];
      if (!known.some(({ name }) => name === service.name))
        users.set(source, [...known, { name: service.name, evidence }]);
    }
  }
  return [...users].flatMap(([source, [first, ...others]]) =>
    first && others.length > 0
      ? [
          doubt(
            first.name,
            `shared.${source}`,
            `the volume ${source} is shared with ${others.map(({ name }) => name).join(", ")} there; here each has its own`,
            first.evidence,
          ),
        ]
      : [],
  );
}

function mountsOf({ said, at }: ComposeService): Mounted[] {
  return (said.volumes ?? []).flatMap((entry, index) => {
    const evidence = at(["volumes", index], "volumes");
    if (typeof entry !== "string") {
      if (entry.type === "tmpfs") return [];
      return [{ source: filled(entry.source ?? "").text, target: filled(entry.target).text, evidence }];
    }
    const parts = filled(entry).text.split(":");
    const [source = "", target] = parts.length === 1 ? ["", parts[0]] : parts;
    return target?.startsWith("/")
      ? [{ source, target: posix.normalize(target).replace(/(.)\/$/, "$1"), evidence }]
      : [];
  });
}

const isInside = (path: string, folder: string) => folder === "." || path === folder || path.startsWith(`${folder}/`);

/** A folder that holds nothing but a file to keep it in git is empty. */
const isThere = (view: View, path: string) => {
  const folder = path.replace(/\/$/, "");
  return (
    folder === "." ||
    view.has(folder) ||
    view.files.some((one) => one.path.startsWith(`${folder}/`) && !/\/\.git(?:keep|ignore)$/.test(one.path))
  );
};
