import { posix } from "node:path";
import { databaseKinds } from "../datastores/index.ts";
import { readBuild } from "../docker/build.ts";
import { withBuild } from "../docker/facts.ts";
import { builtAlone, withDockerfiles } from "../docker/find.ts";
import { isSecret } from "../env-names.ts";
import { compare } from "../facts.ts";
import type { ServiceFindings } from "../findings.ts";
import type { View } from "../read.ts";
import type { Datastore, Question } from "../schema.ts";
import { serviceOf } from "../service.ts";
import { doubt } from "./doubts.ts";
import { pairsOf } from "./environment.ts";
import { type ComposeService, filled, readCompose } from "./file.ts";
import { asReleases } from "./jobs.ts";
import { portsOf } from "./ports.ts";
import { withCompose } from "./service.ts";
import { type StoreImage, storeImage } from "./stores.ts";
import { sharedVolumes, volumesOf } from "./volumes.ts";

export interface WithContainerFiles {
  parts: ServiceFindings[];
  /** What a compose file runs as datastores. */
  stores: Datastore[];
  questions: Question[];
}

/**
 * What the ecosystems found, with what Dockerfiles and a compose file say of it. A service of the compose file and the
 * program that it builds are one; its datastores are Berth's own; what it pulls besides is a service as it is.
 */
export function withContainerFiles(view: View, name: string, parts: readonly ServiceFindings[]): WithContainerFiles {
  const compose = readCompose(view);
  if (!compose) return { parts: withDockerfiles(view, name, parts, { alone: true }), stores: [], questions: [] };
  // What waits for a profile is for those who ask for it.
  const services = compose.services.filter(({ said }) => (said.profiles ?? []).length === 0);
  const stores = new Map(services.flatMap((one) => storeNamed(one)));
  const rest = [...parts];
  const questions = compose.unread.map(({ name: about, why, evidence }) => doubt(about, "unread", why, evidence));
  const described: { part: ServiceFindings; by: ComposeService }[] = [];
  for (const by of services.filter((one) => !stores.has(one.name))) {
    const base = by.said.build === undefined ? pulled(by) : built(view, name, by, rest, described, questions);
    if (!base) continue;
    described.push({ part: withCompose(view, base, by, (host) => stores.get(host)), by });
  }
  const isBuilt = described.some(({ by }) => by.said.build !== undefined);
  return {
    parts: withDockerfiles(view, name, [...asReleases(described.map(withoutVisitors), questions), ...rest], {
      alone: !isBuilt,
    }),
    stores: services.flatMap((one) => storeOf(view, one, stores.get(one.name), questions)),
    questions: [...questions, ...sharedVolumes(services)],
  };
}

function storeNamed({ name, said }: ComposeService): [string, StoreImage][] {
  const store = said.build === undefined && said.image !== undefined ? storeImage(filled(said.image).text) : undefined;
  return store ? [[name, store]] : [];
}

function storeOf(
  view: View,
  service: ComposeService,
  image: StoreImage | undefined,
  questions: Question[],
): Datastore[] {
  if (!image) return [];
  const { name, said, at } = service;
  const evidence = at(["image"], "image");
  if (image.more)
    questions.push(
      doubt(
        name,
        "image",
        `${filled(said.image ?? "").text} has extensions that Berth's own ${image.kind.name} has not`,
        evidence,
      ),
    );
  if (said.command)
    questions.push(
      doubt(name, "command", `how ${name} is started there is not taken over`, at(["command"], "command")),
    );
  questions.push(...volumesOf(view, service, null).questions);
  return [
    {
      name: image.kind.name,
      host: name,
      version: image.version,
      required: true,
      published: portsOf(said.ports)
        .filter(({ local }) => !local)
        .flatMap(({ port, hostPort, protocol, index }) =>
          hostPort === null ? [] : [{ port, host_port: hostPort, protocol, evidence: [at(["ports", index], "ports")] }],
        ),
      evidence: [evidence],
      confidence: "stated",
    },
  ];
}

const none = { datastores: [], env: [], external: [], links: [], questions: () => [] };

/** An image of a registry, as it is. */
function pulled({ name, said, at }: ComposeService): ServiceFindings | undefined {
  if (said.image === undefined) return undefined;
  const { text, missing } = filled(said.image);
  const image = missing.length > 0 ? text.replace(/[:@]$/, "") : text;
  const evidence = at(["image"], "image");
  const kind = /(?:^|\/)(?:nginx|traefik|caddy|haproxy|envoy|nginx-proxy)(?:[:@]|$)/.test(image) ? "proxy" : "worker";
  const service = serviceOf({ name: "", path: ".", kind, language: "image", image }, {});
  return {
    ...none,
    names: [name],
    service: { ...service, evidence: { image: [evidence] }, confidence: { image: "stated" } },
  };
}

function built(
  view: View,
  name: string,
  by: ComposeService,
  rest: ServiceFindings[],
  described: readonly { part: ServiceFindings; by: ComposeService }[],
  questions: Question[],
): ServiceFindings | undefined {
  const said = typeof by.said.build === "string" ? { context: by.said.build } : (by.said.build ?? {});
  const context = posix.normalize(filled(said.context ?? ".").text).replace(/(.)\/$/, "$1");
  const file = posix.join(context, filled(said.dockerfile ?? "Dockerfile").text);
  const evidence = by.at(["build"], "build");
  if (context.startsWith("..") || /^[/~]|:\/\//.test(said.context ?? "") || said.dockerfile_inline !== undefined) {
    questions.push(doubt(by.name, "build", "it is built from what lies outside of the source", evidence));
    return undefined;
  }
  const args = pairsOf(said.args).filter(
    ({ name: key, text }) => text !== null && !isSecret(key) && key !== "BUILDKIT_SYNTAX",
  );
  const build = readBuild(view, {
    file,
    context,
    target: said.target === undefined ? null : filled(said.target).text,
    args: Object.fromEntries(args.map(({ name: key, text }) => [key, filled(text ?? "").text])),
  });
  const paths = [posix.dirname(file), context];
  const index = rest.findIndex(({ service }) => paths.includes(service.path));
  if (!build) {
    questions.push(doubt(by.name, "build", `there is no ${file}`, evidence));
    // What the file says of the program holds nevertheless.
    return index >= 0 ? rest.splice(index, 1)[0] : undefined;
  }
  if (index >= 0) return rest.splice(index, 1).map((part) => withBuild(part, build))[0];
  // One codebase may be run several times, each time by another command.
  const same = described.find(({ part }) => part.service.own_build && paths.includes(part.service.path));
  if (same && same.part.service.language !== "dockerfile") return again(same.part, build);
  const path = posix.dirname(file) === "." || !view.has(file) ? context : posix.dirname(file);
  return builtAlone(view, name, path, build);
}

/** The same program once more, before the compose file says how it is run. */
function again({ service, ...part }: ServiceFindings, build: Parameters<typeof withBuild>[1]): ServiceFindings {
  const plain = { ...service, command: null, entrypoint: null, published: [], values: {}, release: null };
  return withBuild(
    {
      ...part,
      service: plain,
      env: part.env.filter(({ evidence }) => evidence.every(({ rule }) => rule !== "environment")),
    },
    build,
  );
}

/** Who is run by a command of its own, shows no port and shares its image with one that does, only works. */
function withoutVisitors(
  { part, by }: { part: ServiceFindings; by: ComposeService },
  _: number,
  all: readonly { part: ServiceFindings; by: ComposeService }[],
): { part: ServiceFindings; by: ComposeService } {
  const { service } = part;
  const shows = ({ said }: ComposeService) => (said.ports ?? []).length > 0 || (said.expose ?? []).length > 0;
  const isSecond =
    service.dockerfile !== null &&
    all.some((other) => other.by !== by && other.part.service.dockerfile === service.dockerfile && shows(other.by));
  if (!isSecond || shows(by) || !by.said.command) return { part, by };
  return {
    by,
    part: {
      ...part,
      service: {
        ...service,
        kind: "worker",
        port: null,
        port_env: null,
        health_path: null,
        health_command: by.said.healthcheck ? service.health_command : null,
      },
    },
  };
}

interface Datastores {
  datastores: Datastore[];
  questions: Question[];
}

/** The datastores of the code, with what the compose file says of them; it settles which of several databases is meant. */
export function withStated({ datastores, questions }: Datastores, stores: readonly Datastore[]): Datastores {
  const stated = stores.map((store) => {
    const known = datastores.find(({ name }) => name === store.name);
    return { ...store, evidence: [...store.evidence, ...(known?.evidence ?? [])].slice(0, 5) };
  });
  const others = datastores.filter(({ name }) => !stores.some((store) => store.name === name));
  const isSettled = stores.some(({ name }) => databaseKinds.includes(name));
  return {
    datastores: [...stated, ...others].sort((a, b) => compare(a.name, b.name) || compare(a.host ?? "", b.host ?? "")),
    questions: isSettled ? questions.filter(({ about }) => about !== "datastores") : questions,
  };
}
