import type { MadeImage } from "../../../kit/dockerfile/image.ts";
import type { ServiceFindings } from "../findings.ts";
import type { Confidence, Evidence, Service, Writable } from "../schema.ts";
import type { DockerBuild } from "./build.ts";

/** A service as its own Dockerfile makes it: what that says of ports, health and volumes comes before what the code lets guess. */
export function withBuild(part: ServiceFindings, build: DockerBuild): ServiceFindings {
  const { file, own, image } = build;
  const at = (line: number, rule: string): Evidence => ({ file, line, rule });
  let service: Service = {
    ...part.service,
    dockerfile: file,
    own_build: own,
    evidence: { ...part.service.evidence, dockerfile: [at(1, "a Dockerfile")] },
    confidence: { ...part.service.confidence, dockerfile: "stated" },
  };
  if (!image) return { ...part, service };
  service = withPort(service, build, at);
  service = withHealth(service, image, at);
  service = withStart(service, image, at);
  return {
    ...part,
    service: { ...service, writable: writableOf(service, image, at) },
    // What the image sets by itself nobody has to give.
    env: part.env.map((one) => (image.env.has(one.name) ? { ...one, usage: "optional" as const } : one)),
    questions: (settled) =>
      part
        .questions(settled)
        .filter(({ about }) => about !== `services.${settled.name}.port` || settled.confidence["port"] === undefined),
  };
}

type At = (line: number, rule: string) => Evidence;

/** One fact more, with where it was read. */
export const stating = <K extends keyof Service>(
  service: Service,
  field: K & string,
  value: Service[K],
  evidence: Evidence,
  confidence: Confidence = "stated",
): Service => ({
  ...service,
  [field]: value,
  evidence: { ...service.evidence, [field]: [evidence] },
  confidence: { ...service.confidence, [field]: confidence },
});

/** Where servers of these images listen whose Dockerfiles say nothing. */
const usualPorts = new Map([
  ["nginx", 80],
  ["nginx-unprivileged", 8080],
  ["httpd", 80],
  ["caddy", 80],
  ["traefik", 80],
  ["tomcat", 8080],
]);

function withPort(service: Service, { image, base, file }: DockerBuild, at: At): Service {
  const exposed = image?.exposed.filter(({ protocol }) => protocol === "tcp") ?? [];
  const found = exposed.find(({ port }) => port === service.port) ?? exposed[0];
  const stated = found ? stating(service, "port", found.port, at(found.line, "EXPOSE")) : undefined;
  if (stated) return { ...stated, kind: stated.kind === "worker" ? "web" : stated.kind };
  const set = image?.env.get(service.port_env ?? "PORT");
  if (set && /^\d{1,5}$/.test(set.value)) return stating(service, "port", Number(set.value), at(set.line, "ENV"));
  const usual = usualPorts.get(
    base
      ?.split("/")
      .at(-1)
      ?.replace(/[:@].*/, "") ?? "",
  );
  if (service.port !== null || usual === undefined) return service;
  const line = lineOf(service.own_build?.text ?? "", /^\s*FROM\s/i);
  return stating(service, "port", usual, { file, line, rule: "usual for its image" }, "default");
}

function lineOf(text: string, pattern: RegExp): number {
  const lines = text.split("\n");
  return (
    Math.max(
      lines.findLastIndex((line) => pattern.test(line)),
      0,
    ) + 1
  );
}

function withHealth(service: Service, { health }: MadeImage, at: At): Service {
  if (!health?.command) return service;
  return withHealthCommand(service, health.command, at(health.line, "HEALTHCHECK"));
}

const asked = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::[^/\s"'`]*)?(\/[^\s"'`|;&)]*)?/;

/** A check that asks an address of the service's own says the path as well. */
export function withHealthCommand(service: Service, command: string[], evidence: Evidence): Service {
  const checked = stating(service, "health_command", command, evidence);
  const found = asked.exec(command.join(" "));
  return found ? stating(checked, "health_path", found[1] ?? "/", evidence) : checked;
}

/** Of the source's own image nothing is started by another command; this is for people. */
function withStart(service: Service, { entrypoint, command }: MadeImage, at: At): Service {
  const said = [...(entrypoint?.words ?? []), ...(entrypoint?.shell ? [] : (command?.words ?? []))];
  const line = command?.line ?? entrypoint?.line;
  if (line === undefined) return service;
  const words = said[0] === "/bin/sh" && said[1] === "-c" ? said.slice(2) : said;
  const start = words.join(" ");
  const prepared = service.release !== null && start.includes(service.release);
  const settled = prepared ? { ...service, release: null } : service;
  return service.start === null ? stating(settled, "start", start, at(line, command ? "CMD" : "ENTRYPOINT")) : settled;
}

function writableOf(service: Service, { volumes, env, workdir }: MadeImage, at: At): Writable[] {
  const moved = service.writable.map((one): Writable => {
    const set = one.from_env === null ? undefined : env.get(one.from_env);
    return set ? { ...one, path: set.value, evidence: [...one.evidence, at(set.line, "ENV")] } : one;
  });
  const absolute = (path: string) => (path.startsWith("/") ? path : `${workdir}/${path}`);
  const known = (path: string) =>
    moved.some((one) => absolute(one.path) === path || absolute(one.path).startsWith(`${path}/`));
  return [
    ...moved,
    ...volumes
      .filter(({ path }) => path.startsWith("/") && !known(path))
      .map(
        ({ path, line }): Writable => ({
          path,
          from_env: null,
          why: "its Dockerfile keeps it in a volume",
          evidence: [at(line, "VOLUME")],
          confidence: "stated",
        }),
      ),
  ];
}
