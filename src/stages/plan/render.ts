import { visible } from "../../kit/text.ts";
import { addressOf } from "./addresses.ts";
import type { EnvSource, Plan, Published, Route, Service } from "./schema.ts";

/**
 * The plan as a person reads it on a terminal. Plain text: whoever prints it decides about colour. Names of files, commands
 * and values come from the repository and the server: each is shown so that it can neither forge a line nor hide one.
 */
export function renderPlan(plan: Plan, hash: string): string {
  return [
    `Plan ${hash.slice(0, 12)} for ${plan.stack}`,
    "",
    ...section("Source", [`${plan.source.name} (${plan.source.kind}) at ${revisionText(plan.source)}`]),
    ...section("Server", [
      `${plan.server.user}@${plan.server.host}:${plan.server.port} · ${plan.server.os.id} ${plan.server.os.version} · ${plan.server.architecture}`,
      `host key ${plan.server.hostKey} (pinned; another one will be refused)`,
      "a server of yours: Berth orders nothing, so this costs nothing",
    ]),
    ...section("Address", plan.routes.map(routeText)),
    ...plan.services.flatMap((service) => section(`Service ${service.name}`, serviceLines(service, plan))),
    ...plan.backing.flatMap(({ name, image, memoryMegabytes, mounts, published }) =>
      section(`Backing service ${name}`, [
        shortImage(image),
        `memory ${memoryMegabytes} MB${published.length === 0 ? " · reached by the stack's services only" : ""}`,
        ...published.map(publishedText),
        ...mounts.map(({ volume, path, why }) => `volume ${volume} on ${path} (${why})`),
      ]),
    ),
    ...section("Network", [`${plan.network.name} ${plan.network.subnet}`]),
    ...section("Proxy and TLS", [shortImage(plan.proxy.image), `certificates from ${plan.tls.directory}`]),
    ...section("Firewall", [
      `SSH stays open on ${plan.provision.sshPorts.join(", ")}`,
      ...plan.provision.openPorts.map(({ port, protocol, why }) => `${port}/${protocol} open: ${why}`),
      "everything else is closed from outside, ports that Docker publishes included",
    ]),
    ...section("On the server", [
      `packages: ${plan.provision.packages.join(", ")}`,
      ...(plan.provision.swapMegabytes > 0 ? [`swap: ${plan.provision.swapMegabytes} MB`] : []),
      "password login off once key login is proved; automatic security updates; log rotation; node-exporter on loopback",
    ]),
    ...section("Build", [`${plan.build.on === "here" ? "on this machine" : "on the server"}: ${plan.build.why}`]),
    ...plan.images.flatMap(({ service, folder, args, dockerfile }) => [
      ...section(`Dockerfile of ${service}${folder === "." ? "" : `, which sees ${folder}`}`, [
        ...Object.entries(args).map(([name, value]) => `# ${name}=${value} is given to the build`),
        ...dockerfile.trimEnd().split("\n"),
      ]),
    ]),
    ...section(
      "Why",
      plan.reasons.map(({ about, text }) => `${about} = ${text}`),
    ),
    ...section(
      "Mind",
      plan.risks.map(({ about, text }) => `${about}: ${text}`),
    ),
  ].join("\n");
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [visible(title), ...lines.map((line) => (line === "" ? "" : `  ${visible(line)}`)), ""];

const shortImage = (reference: string) => reference.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");

function serviceLines(service: Service, plan: Plan): string[] {
  const facts = [
    `image ${shortImage(service.image)}`,
    service.port === null ? "no port" : `port ${service.port}`,
    `user ${service.user ?? "as the image says"}`,
    `memory ${service.memoryMegabytes} MB`,
    ...(service.cpus === null ? [] : [`${service.cpus} CPUs`]),
    ...(service.replicas === 1 ? [] : [`${service.replicas} replicas, each so`]),
  ];
  return [
    facts.join(" · "),
    healthText(service),
    ...[service.entrypoint, service.command].flatMap((words) => (words ? [`runs ${JSON.stringify(words)}`] : [])),
    ...service.published.map(publishedText),
    ...(service.releaseCommand ? [`before each release, once: ${service.releaseCommand.at(-1)}`] : []),
    ...service.mounts.map(({ volume, path, why }) => `volume ${volume} on ${path} (${why})`),
    ...Object.entries(service.env).map(([name, source]) => `${name} = ${envText(source, plan)}`),
  ];
}

/** The whole digest of an image: it is all that says what will run. */
const revisionText = ({ kind, revision }: Plan["source"]) => (kind === "image" ? revision : revision.slice(0, 12));

/** `https://shop.example.com/api → api`. */
export const routeText = ({ strip, ...route }: Route): string =>
  `${addressOf(route)} → ${route.service}${strip ? `, without ${route.path}` : ""}`;

const publishedText = ({ port, hostPort, protocol, why }: Published) =>
  `port ${port} is open to the world as ${hostPort}/${protocol} of the server (${why})`;

function healthText({ port, health: { path, command, timeoutSeconds } }: Service): string {
  const asked = [
    ...(path === null ? [] : [`GET ${path} answers 2xx`]),
    ...(command === null ? [] : [`${command.join(" ")} succeeds in it`]),
  ];
  if (asked.length > 0) return `healthy when ${asked.join(" and ")} within ${timeoutSeconds} s`;
  if (port !== null) return `healthy when port ${port} is open within ${timeoutSeconds} s`;
  return "healthy when it stays up";
}

function envText(source: EnvSource, { secrets }: Plan): string {
  switch (source.from) {
    case "value":
      return `${source.value}   (${source.why})`;
    case "secret":
      return `[secret ${source.secret}${fingerprintOf(source.secret, secrets)}]   (${source.why})`;
    case "reference":
      return `${source.parts.map((part) => (typeof part === "string" ? part : `[secret ${part.secret}]`)).join("")}   (${source.why})`;
  }
}

function fingerprintOf(name: string, secrets: Plan["secrets"]): string {
  const use = secrets.find((secret) => secret.name === name);
  return use?.origin === "given" ? `, fingerprint ${use.fingerprint.slice(0, 8)}` : ", generated";
}
