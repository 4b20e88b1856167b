import { visible } from "../../kit/text.ts";
import type { Analysis, Evidence } from "./schema.ts";

/** An analysis as a person reads it: each fact with where it was read, and nothing of it able to forge a line. */
export function renderAnalysis(analysis: Analysis): string {
  return [
    `${analysis.name}: ${analysis.languages.map(({ name, share }) => `${name} ${Math.round(share * 100)} %`).join(", ") || "no source code found"}`,
    "",
    ...analysis.services.flatMap((service) => {
      const fact = (name: string, value: string | number | null | undefined) =>
        value === null || value === undefined ? [] : [`  ${name.padEnd(16)}${value}${at(service.evidence[name])}`];
      return [
        `service ${service.name} (${service.kind}, ${service.path})`,
        ...fact("framework", service.framework),
        ...fact(
          "runtime",
          service.runtime && [service.runtime.name, service.runtime.version].filter(Boolean).join(" "),
        ),
        ...fact("package_manager", service.package_manager),
        ...fact("build", service.build),
        ...fact("start", service.start),
        ...fact("release", service.release),
        ...fact("port", service.port),
        ...fact("health_path", service.health_path),
        ...service.writable.map(({ path, evidence }) => `  ${"writes".padEnd(16)}${path}${at(evidence)}`),
        "",
      ];
    }),
    ...list(
      "needs",
      analysis.datastores.map(
        ({ name, required, evidence }) => `${name}${required ? "" : " (optional)"}${at(evidence)}`,
      ),
    ),
    ...list(
      "environment",
      analysis.env.map(({ name, required, secret, evidence }) => {
        const marks = [required ? "required" : "optional", ...(secret ? ["secret"] : [])].join(", ");
        return `${name.padEnd(24)} ${marks}${at(evidence)}`;
      }),
    ),
    ...list(
      "external",
      analysis.external.map(({ name, evidence }) => `${name}${at(evidence)}`),
    ),
    ...list(
      "open questions",
      analysis.questions.map(({ question, why }) => `${question} (${why})`),
    ),
  ]
    .map(visible)
    .join("\n")
    .trimEnd();
}

const at = (evidence: readonly Evidence[] | undefined) =>
  evidence?.[0] ? `   ${evidence[0].file}:${evidence[0].line}` : "";

const list = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ""];
