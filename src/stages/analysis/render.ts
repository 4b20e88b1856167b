import { visible } from "../../kit/text.ts";
import type { Analysis, Evidence, Service } from "./schema.ts";

/** An analysis as a person reads it: each fact with where it was read, and nothing of it able to forge a line. */
export function renderAnalysis(analysis: Analysis): string {
  return [
    `${analysis.name}: ${analysis.languages.map(({ name, share }) => `${name} ${Math.round(share * 100)} %`).join(", ") || nothingRead(analysis)}`,
    "",
    ...tableOf(analysis.services),
    ...analysis.services.flatMap((service) => {
      const fact = (name: string, value: string | number | null | undefined) =>
        value === null || value === undefined ? [] : [`  ${name.padEnd(16)}${value}${at(service.evidence[name])}`];
      return [
        service.name,
        ...fact("framework", service.framework),
        ...fact(
          "runtime",
          service.runtime && [service.runtime.name, service.runtime.version].filter(Boolean).join(" "),
        ),
        ...fact("package_manager", service.package_manager),
        ...fact("build", service.build),
        ...fact("start", service.start),
        ...fact("static_dir", service.static_dir),
        ...fact("release", service.release),
        ...fact("port", service.port),
        ...fact("health_path", service.health_path),
        ...fact("paths", service.paths.join(", ") || null),
        ...fact("depends_on", service.depends_on.join(", ") || null),
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

const nothingRead = ({ services }: Analysis) =>
  services.some(({ image }) => image !== null) ? "an image, whose source is not read" : "no source code found";

/** One line a service; where each fact was read stands below. */
function tableOf(services: readonly Service[]): string[] {
  if (services.length === 0) return [];
  const rows = services.map((one) => [
    one.name,
    one.kind,
    one.path,
    one.framework ?? "-",
    one.port === null ? "-" : String(one.port),
    one.start ?? (one.static_dir === null ? (one.image ?? one.dockerfile ?? "-") : `files in ${one.static_dir}`),
  ]);
  const table = [["service", "kind", "path", "framework", "port", "start"], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.min(40, Math.max(...table.map((row) => row[column]?.length ?? 0)))) ?? [];
  return [
    ...table.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
    "",
  ];
}

const at = (evidence: readonly Evidence[] | undefined) =>
  evidence?.[0] ? `   ${evidence[0].file}:${evidence[0].line}` : "";

const list = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ""];
