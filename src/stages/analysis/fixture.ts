import { analyzeView } from "./analyze.ts";
import type { View } from "./read.ts";
import { Analysis, type Evidence } from "./schema.ts";

/** Analyses a source made of these files: path → text. For tests. */
export function analyzeFiles(files: Record<string, string>, name = "app"): Promise<Analysis> {
  const paths = Object.keys(files).sort();
  const view: View = {
    files: paths.map((path) => ({ path, kind: "file", executable: false, size: files[path]?.length ?? 0 })),
    has: (path) => path in files,
    text: (path) => files[path],
  };
  return analyzeView(view, name);
}

export const packageJson = (rest: object) => JSON.stringify({ name: "app", ...rest }, null, 2);

/** An Express program in these files, started by the first of them. */
export const expressApp = (files: Record<string, string>) => ({
  "package.json": packageJson({ dependencies: { express: "5" }, scripts: { start: `node ${Object.keys(files)[0]}` } }),
  ...files,
});

/** What is wrong with an analysis as such: each fact has evidence, that points at a line, and the line holds what is stated. */
export function unsound(analysis: Analysis, files: Record<string, string>): string[] {
  const line = ({ file, line }: Evidence) => files[file]?.split("\n")[line - 1] ?? "";
  const facts = [
    ...analysis.datastores.map(({ name, evidence }) => ({ fact: name, evidence, holds: "" })),
    ...analysis.external.map(({ name, evidence }) => ({ fact: name, evidence, holds: "" })),
    ...analysis.env.map(({ name, evidence }) => ({
      fact: name,
      evidence,
      // A field of a settings class is a variable of another spelling, behind a prefix.
      holds: evidence.some(({ rule }) => rule === `setting ${name}`) ? "" : name,
    })),
    ...analysis.services.flatMap(({ writable }) =>
      writable.map(({ path, evidence }) => ({ fact: path, evidence, holds: "" })),
    ),
    ...analysis.services.flatMap((service) =>
      shown.flatMap((field) => {
        if (service[field] === null) return [];
        const literal = service.confidence[field] === "stated" && (field === "port" || field === "health_path");
        const fact = `${service.name}.${field}`;
        return [{ fact, evidence: service.evidence[field] ?? [], holds: literal ? String(service[field]) : "" }];
      }),
    ),
  ];
  const schema = Analysis.safeParse(analysis).error?.message;
  return [
    ...(schema === undefined ? [] : [schema]),
    ...facts.filter(({ evidence }) => evidence.length === 0).map(({ fact }) => `${fact} has no evidence`),
    ...facts
      .filter(({ evidence }) => evidence.some((one) => line(one).trim() === ""))
      .map(({ fact }) => `${fact} points at nothing`),
    ...facts
      .filter(({ evidence, holds }) => !evidence.some((one) => line(one).includes(holds)))
      .map(({ fact }) => `${fact} is not where it is said to be`),
  ];
}

const shown = ["framework", "package_manager", "runtime", "start", "port", "health_path"] as const;
