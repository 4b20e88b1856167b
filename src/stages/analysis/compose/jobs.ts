import type { ServiceFindings } from "../findings.ts";
import type { Question } from "../schema.ts";
import { doubt } from "./doubts.ts";
import type { ComposeService } from "./file.ts";
import { commandLine } from "./words.ts";

interface Described {
  part: ServiceFindings;
  by: ComposeService;
}

/**
 * A service that another waits to end is a job. Out of the same image it is what that other one runs before each release;
 * else nobody runs it, and a person has to know.
 */
export function asReleases(described: readonly Described[], questions: Question[]): ServiceFindings[] {
  const waits = described.flatMap(({ part, by }) =>
    Array.isArray(by.said.depends_on)
      ? []
      : Object.entries(by.said.depends_on ?? {})
          .filter(([, on]) => on?.condition === "service_completed_successfully")
          .map(([job]) => ({ part, job })),
  );
  const isJob = ({ by }: Described) => waits.some(({ job }) => job === by.name);
  const releases = new Map<ServiceFindings, ServiceFindings>();
  for (const { part: job, by } of described.filter(isJob)) {
    const waiting = waits.find((one) => one.job === by.name && one.part.service.dockerfile === job.service.dockerfile);
    if (waiting && job.service.command !== null && job.service.dockerfile !== null) releases.set(waiting.part, job);
    else
      questions.push(
        doubt(by.name, "job", `${by.name} is to run once before others start; it does not run`, by.at([], "job")),
      );
  }
  return described
    .filter((one) => !isJob(one))
    .map(({ part }) => {
      const job = releases.get(part);
      if (!job) return part;
      const release = commandLine([...(job.service.entrypoint ?? []), ...(job.service.command ?? [])]);
      const evidence = job.service.evidence["command"] ?? [];
      const { service } = part;
      return { ...part, service: { ...service, release, evidence: { ...service.evidence, release: evidence } } };
    });
}
