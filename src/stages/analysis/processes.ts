import { stated } from "./facts.ts";
import type { ServiceFindings } from "./findings.ts";
import { aboutProcess } from "./questions.ts";
import type { View } from "./read.ts";
import type { Evidence, Question, Service } from "./schema.ts";

interface Process {
  name: string;
  command: string;
  evidence: Evidence;
}

/**
 * What a Procfile says: how the program in its folder is started, what runs before a release, and which processes run
 * beside it. Where no program is known in its folder, nothing of it is planned, so a person has to hear of it.
 */
export function withProcesses(
  view: View,
  found: ServiceFindings[],
): { parts: ServiceFindings[]; questions: Question[] } {
  const folders = [...new Set([".", ...found.map(({ service }) => service.path)])];
  const parts = [...found];
  const questions: Question[] = [];
  for (const folder of folders) {
    const processes = readProcfile(view, folder);
    const at = parts.findIndex(({ service }) => service.path === folder && service.kind !== "frontend");
    const program = parts[at];
    if (!program) {
      questions.push(...processes.filter(({ name }) => name !== "web").map(aboutProcess));
      continue;
    }
    const stated = inFolder(program, processes);
    // Workers that were guessed stand down for those that are named.
    const workers = processes.filter(({ name }) => !/^(?:web|release)$/.test(name));
    const guessed = parts.filter(
      (part) => part !== program && part.service.path === folder && part.service.kind === "worker",
    );
    if (workers.length > 0) for (const one of guessed) parts.splice(parts.indexOf(one), 1);
    parts.splice(at, 1, stated, ...workers.map((process) => asWorker(stated, process)));
  }
  return { parts, questions };
}

/** `worker: node worker.js` */
const line = /^([A-Za-z][\w-]{0,39}):[ \t]*(\S.*)$/;

function readProcfile(view: View, folder: string): Process[] {
  const file = folder === "." ? "Procfile" : `${folder}/Procfile`;
  return (view.text(file) ?? "").split(/\r?\n/).flatMap((text, index) => {
    const [, name, command = ""] = line.exec(text) ?? [];
    if (name === undefined) return [];
    return [{ name, command: command.trim(), evidence: { file, line: index + 1, rule: `process ${name}` } }];
  });
}

/** The program itself: a script of its own manifest counts before its Procfile, a guess does not. */
function inFolder(program: ServiceFindings, processes: Process[]): ServiceFindings {
  const web = processes.find(({ name }) => name === "web");
  const release = processes.find(({ name }) => name === "release");
  const { service } = program;
  const takesStart = web && service.confidence["start"] !== "stated" && service.kind !== "worker";
  const takesRelease = release && service.confidence["release"] !== "stated";
  return {
    ...program,
    service: {
      ...service,
      ...(takesStart && { start: web.command, port_env: service.port_env ?? portOf(web.command) }),
      ...(takesRelease && { release: release.command }),
      evidence: {
        ...service.evidence,
        ...(takesStart && { start: [web.evidence] }),
        ...(takesRelease && { release: [release.evidence] }),
      },
      confidence: {
        ...service.confidence,
        ...(takesStart && { start: "stated" as const }),
        ...(takesRelease && { release: "stated" as const }),
      },
    },
  };
}

const portOf = (command: string) => (/\$\{?PORT\b/.test(command) ? "PORT" : null);

/** A process of the same code: it is built the same way, needs the same, and is asked by nobody. */
function asWorker(program: ServiceFindings, { name, command, evidence }: Process): ServiceFindings {
  const start = stated(command, evidence);
  const kept = ["runtime", "package_manager", "install", "build"];
  const only = <T>(facts: Record<string, T>) =>
    Object.fromEntries(Object.entries(facts).filter(([field]) => kept.includes(field)));
  const service: Service = {
    ...program.service,
    name,
    kind: "worker",
    framework: null,
    start: start.value,
    release: null,
    port: null,
    port_env: null,
    health_path: null,
    writable: [],
    evidence: { ...only(program.service.evidence), start: start.evidence },
    confidence: { ...only(program.service.confidence), start: start.confidence },
  };
  return {
    ...program,
    service,
    names: [name, `${program.service.name}-${name}`],
    questions: () => [],
  };
}
