import type { View } from "./read.ts";
import type { Question } from "./schema.ts";

/** `worker: node worker.js` */
const line = /^([A-Za-z][\w-]{0,39}):[ \t]*(\S.*)$/;

/**
 * What a Procfile starts beside the program that answers visitors, and what it runs before a release where nothing else
 * does: none of it is planned yet, so a person has to know.
 */
export function aboutProcesses(view: View, services: readonly { path: string; release: string | null }[]): Question[] {
  const folders = [...new Set([".", ...services.map(({ path }) => path)])];
  return folders.flatMap((folder) => {
    const file = folder === "." ? "Procfile" : `${folder}/Procfile`;
    const prepared = services.some(({ path, release }) => path === folder && release !== null);
    return (view.text(file) ?? "").split(/\r?\n/).flatMap((text, index) => {
      const [, name = "", command = ""] = line.exec(text) ?? [];
      if (name === "" || name === "web" || (name === "release" && prepared)) return [];
      return [aboutProcess(name, command.trim(), `${file}:${index + 1}`)];
    });
  });
}

const aboutProcess = (name: string, command: string, place: string): Question => ({
  id: `processes_${place.replaceAll(/[^A-Za-z0-9]+/g, "_")}_${name}`,
  about: `processes.${name}`,
  question: name === "release" ? "Must this run before each release?" : `Must ${name} run beside the program?`,
  options: [],
  why: `${place} names it: ${command.slice(0, 200)}. Berth does not run it yet`,
  required: false,
});
