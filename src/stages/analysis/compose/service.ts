import { stating, withHealthCommand } from "../docker/facts.ts";
import type { ServiceFindings } from "../findings.ts";
import type { View } from "../read.ts";
import type { Question, Service } from "../schema.ts";
import { doubtsOf } from "./doubts.ts";
import { environmentOf } from "./environment.ts";
import { type ComposeService, filled } from "./file.ts";
import { type ComposePort, portsOf } from "./ports.ts";
import type { StoreImage } from "./stores.ts";
import { volumesOf } from "./volumes.ts";
import { wordsOf } from "./words.ts";

export type StoreOf = (name: string) => StoreImage | undefined;

/** A service as a compose file runs it: what that says comes before its Dockerfile and its code. */
export function withCompose(
  view: View,
  part: ServiceFindings,
  described: ComposeService,
  storeOf: StoreOf,
): ServiceFindings {
  const { name, said, at } = described;
  const environment = environmentOf(described, (host) => storeOf(host) !== undefined);
  const { writable, questions } = volumesOf(view, described, part.service.own_build?.context ?? null);
  let service: Service = {
    ...part.service,
    values: { ...part.service.values, ...environment.values },
    writable: [...part.service.writable.filter(({ path }) => !writable.some((one) => one.path === path)), ...writable],
    evidence: {
      ...part.service.evidence,
      ...Object.fromEntries(Object.entries(environment.at).map(([key, evidence]) => [`values.${key}`, [evidence]])),
    },
  };
  service = withCommand(service, described);
  service = withPorts(service, described);
  service = withHealth(service, described);
  if (said.user !== undefined) service = stating(service, "user", filled(said.user).text, at(["user"], "user"));
  const needed = dependencies(described);
  const doubts: Question[] = [...doubtsOf(described), ...questions];
  return {
    ...part,
    service,
    names: [name],
    env: [...part.env, ...environment.env],
    datastores: [
      ...part.datastores,
      ...needed.flatMap(({ on, evidence }) => {
        const store = storeOf(on);
        return store && !part.datastores.some(({ what }) => what.name === store.kind.name)
          ? [{ what: store.kind, evidence: [evidence], needed: true }]
          : [];
      }),
    ],
    links: [
      ...part.links,
      ...needed
        .filter(({ on }) => storeOf(on) === undefined)
        .map(({ on, evidence }) => ({ host: on, port: null, paths: [], evidence })),
    ],
    questions: (settled) => [...part.questions(settled).filter((one) => !isSettled(one, settled)), ...doubts],
  };
}

const isSettled = ({ about }: Question, { name, confidence, port, start, command, image }: Service) =>
  (about === `services.${name}.port` && (confidence["port"] === "stated" || (port === null && command !== null))) ||
  (about === `services.${name}.start` && (start !== null || image !== null));

/** What it waits for, and the stores that its addresses name. */
function dependencies(described: ComposeService) {
  const { said, at } = described;
  const listed = Array.isArray(said.depends_on)
    ? said.depends_on.map((on, key) => ({ on, key }))
    : Object.keys(said.depends_on ?? {}).map((on) => ({ on, key: on }));
  return listed.map(({ on, key }) => ({ on, evidence: at(["depends_on", key], "depends_on") }));
}

const words = (said: string | string[]): string[] =>
  typeof said === "string" ? wordsOf(filled(said).text) : said.map((word) => filled(word).text);

function withCommand(service: Service, { said, at }: ComposeService): Service {
  let changed = service;
  if (said.entrypoint)
    changed = stating(changed, "entrypoint", words(said.entrypoint), at(["entrypoint"], "entrypoint"));
  if (said.command) changed = stating(changed, "command", words(said.command), at(["command"], "command"));
  return changed;
}

/** The port that visitors ask is the one that is published first, or the one that is known already where that is among them. */
function withPorts(service: Service, { said, at }: ComposeService): Service {
  const ports = portsOf(said.ports);
  const evidence = ({ index }: ComposePort) => at(["ports", index], "ports");
  const published = ports
    .filter(({ local }) => !local)
    .flatMap((one) =>
      one.hostPort === null
        ? []
        : [{ port: one.port, host_port: one.hostPort, protocol: one.protocol, evidence: [evidence(one)] }],
    );
  const opened = { ...service, published };
  const tcp = ports.filter(({ protocol }) => protocol === "tcp");
  const found = tcp.find(({ port }) => port === service.port) ?? tcp[0];
  if (found) return serving(stating(opened, "port", found.port, evidence(found)));
  const exposed = (said.expose ?? []).map((text) => Number(/^\d{1,5}/.exec(filled(text).text)?.[0] ?? 0));
  const index = Math.max(exposed.indexOf(service.port ?? -1), 0);
  const port = exposed[index];
  return port !== undefined && port > 0 && port < 65536
    ? serving(stating(opened, "port", port, at(["expose", index], "expose")))
    : opened;
}

const serving = (service: Service): Service => ({ ...service, kind: service.kind === "worker" ? "web" : service.kind });

function withHealth(service: Service, { said, at }: ComposeService): Service {
  const { test, disable } = said.healthcheck ?? {};
  const none = { ...service, health_command: null };
  if (disable === true) return none;
  if (!test) return service;
  const evidence = at(["healthcheck", "test"], "healthcheck");
  if (typeof test === "string") return withHealthCommand(service, ["/bin/sh", "-c", filled(test).text], evidence);
  const [form = "", ...rest] = test.map((word) => filled(word).text);
  if (form === "NONE") return none;
  if (form === "CMD-SHELL") return withHealthCommand(service, ["/bin/sh", "-c", rest.join(" ")], evidence);
  return withHealthCommand(service, form === "CMD" ? rest : [form, ...rest], evidence);
}
