import { hashOf } from "../../kit/canonical.ts";
import { proxyOf } from "../../proxies/index.ts";
import { sortedRoutes } from "../../proxies/routes.ts";
import type { StepCall } from "../../run/step.ts";
import { releaseOf, secretsOf, specOf } from "../plan/release.ts";
import type { Backing, Plan, Service } from "../plan/schema.ts";
import { stackRoutes } from "../plan/stack-routes.ts";
import { backing } from "./backing.ts";
import { certificate } from "./certificate.ts";
import { checksOf } from "./checks.ts";
import { clean } from "./clean.ts";
import { environment } from "./environment.ts";
import { backingContainer, serviceContainer } from "./names.ts";
import { network } from "./network.ts";
import { inOrder } from "./order.ts";
import { isPulled, pullImage } from "./pull.ts";
import { record } from "./record.ts";
import { createReleaseCommand, runReleaseCommand } from "./release-command.ts";
import { retire } from "./retire.ts";
import { addRoutes, settleRoutes } from "./routes.ts";
import { secrets } from "./secrets.ts";
import { startService } from "./start.ts";
import { switchTraffic } from "./switch.ts";
import { volume } from "./volume.ts";

/** Every kind of step that brings a stack from images on a server to a verified answer. */
export const deploySteps = [
  pullImage,
  network,
  volume,
  secrets,
  environment,
  backing,
  createReleaseCommand,
  runReleaseCommand,
  addRoutes,
  certificate,
  startService,
  switchTraffic,
  retire,
  settleRoutes,
  record,
  clean,
];

/** The plan's stack as steps, in order. Until the switch, and whenever a step before it fails, the old version serves. */
export function deployCalls(plan: Plan): StepCall[] {
  const { stack, proxy, volumes } = plan;
  const parts = partsOf(plan);
  const services = inOrder(plan.services);
  const routes = { proxy, planned: stackRoutes(plan) };
  const { watched } = parts;
  return [
    ...pulledImages(plan).map(({ name, image }) =>
      pullImage(`stack/pull/${name}`, { stack, image, architecture: plan.server.architecture }),
    ),
    network("stack/network", { stack, network: plan.network }),
    ...volumes.map(({ name, holds }) => volume(`stack/volume/${name}`, { stack, name, holds })),
    ...(plan.secrets.length > 0 ? [secrets("stack/secrets", { stack, secrets: plan.secrets })] : []),
    ...[...plan.backing, ...services].map((part) =>
      environment(`stack/environment/${part.name}`, parts.environment(part)),
    ),
    ...plan.backing.map((part) => backing(`stack/backing/${part.name}`, { ...parts.common(part), backing: part })),
    ...services.flatMap((service) => releaseCommandCalls(service, parts)),
    addRoutes("stack/routes/add", { ...routes, watched }),
    ...hostsOf(plan).map((host) => certificate(`stack/certificate/${host}`, { host, proxy })),
    ...services.map((service) => startService(`stack/start/${service.name}`, parts.start(service))),
    ...(plan.routes.length > 0 ? [switchTraffic("stack/switch", { ...routes, ...watched, ...parts.traffic() })] : []),
    retire("stack/retire", { stack, keep: parts.kept(), watched }),
    settleRoutes("stack/routes/settle", { ...routes, watched }),
    record("stack/record", {
      plan,
      planHash: hashOf(plan),
      release: parts.release,
      // Of several the address says nothing: each has its own.
      containers: services.flatMap((service) =>
        service.replicas > 1 ? [] : [{ service: service.name, container: parts.containers(service)[0] ?? "" }],
      ),
    }),
    clean("stack/clean", {
      ...{ stack, release: parts.release },
      images: services.map(({ image }) => image),
      secrets: plan.secrets.map((use) =>
        use.origin === "given" ? { name: use.name, fingerprint: use.fingerprint } : { name: use.name },
      ),
    }),
  ];
}

type Parts = ReturnType<typeof partsOf>;

function releaseCommandCalls(service: Service, parts: Parts): StepCall[] {
  const { name, releaseCommand } = service;
  if (releaseCommand === null) return [];
  const input = { ...parts.common(service), service, command: releaseCommand };
  return [
    createReleaseCommand(`stack/release-command/${name}/create`, input),
    runReleaseCommand(`stack/release-command/${name}/run`, input),
  ];
}

const hostsOf = ({ routes }: Plan) => [...new Set(routes.map(({ host }) => host))].sort();

/** Each image once, under the first service's name. */
const pulledImages = ({ services }: Plan) =>
  services.filter(({ image }, n) => isPulled(image) && services.findIndex((other) => other.image === image) === n);

/** What several steps need to know of a plan's services. */
function partsOf(plan: Plan) {
  const {
    stack,
    network: { name: networkName },
    routes,
  } = plan;
  const release = releaseOf(plan);
  const proxy = proxyOf(plan.proxy.kind);
  const hostOf = (service: Service) => routes.find((route) => route.service === service.name)?.host ?? null;
  const routed = plan.services.filter((service) => hostOf(service) !== null);
  const containers = (service: Service) =>
    Array.from({ length: service.replicas }, (_, n) =>
      serviceContainer(stack, service.name, specOf(service, plan), n + 1),
    );
  const environmentOf = (part: Service | Backing) => ({
    stack,
    release,
    part: part.name,
    env: part.env,
    secrets: secretsOf(part, plan),
  });
  const watched = {
    server: plan.server.host,
    checks: checksOf({ services: plan.services, routes: sortedRoutes(routes) }),
  };
  const common = (part: Service | Backing) => ({
    environment: environmentOf(part),
    network: networkName,
    spec: specOf(part, plan),
    watched,
  });
  const placed = (service: Service) => ({
    stack,
    service: service.name,
    release,
    containers: containers(service),
    upstreamFile: hostOf(service) === null ? null : proxy.upstreamFile(stack, service.name),
  });
  const backingNames = plan.backing.map(({ name }) => backingContainer(stack, name));
  const whole = { services: plan.services.map(placed), backing: backingNames };
  return {
    release,
    containers,
    watched,
    common,
    environment: environmentOf,
    start: (service: Service) => {
      return { ...common(service), host: hostOf(service), service, placed: placed(service), whole };
    },
    traffic: () => ({
      whole,
      upstreams: routed.flatMap((service) =>
        containers(service).map((container, n) => ({
          file: proxy.upstreamFile(stack, service.name, n + 1),
          container,
          port: service.port ?? 80,
        })),
      ),
    }),
    kept: () => [...backingNames, ...plan.services.flatMap((service) => containers(service))],
  };
}
