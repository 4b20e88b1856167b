import { hashOf } from "../../kit/canonical.ts";
import { proxyOf } from "../../proxies/index.ts";
import type { StackRoutes } from "../../proxies/proxy.ts";
import type { StepCall } from "../../run/step.ts";
import { releaseOf, secretsOf, specOf } from "../plan/release.ts";
import type { Backing, Plan, Service } from "../plan/schema.ts";
import { backing } from "./backing.ts";
import { certificate } from "./certificate.ts";
import { environment } from "./environment.ts";
import { backingContainer, serviceContainer } from "./names.ts";
import { network } from "./network.ts";
import { inOrder } from "./order.ts";
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
];

/** The plan's stack as steps, in order. Until the switch, and whenever a step before it fails, the old version serves. */
export function deployCalls(plan: Plan): StepCall[] {
  const { stack, proxy, volumes } = plan;
  const parts = partsOf(plan);
  const services = inOrder(plan.services);
  const routes = { proxy, planned: routesOf(plan) };
  const { watched } = parts;
  return [
    network("stack/network", { stack, network: plan.network }),
    ...volumes.map(({ name, holds }) => volume(`stack/volume/${name}`, { stack, name, holds })),
    ...(plan.secrets.length > 0 ? [secrets("stack/secrets", { stack, secrets: plan.secrets })] : []),
    ...[...plan.backing, ...services].map((part) =>
      environment(`stack/environment/${part.name}`, parts.environment(part)),
    ),
    ...plan.backing.map((part) => backing(`stack/backing/${part.name}`, { ...parts.common(part), backing: part })),
    ...services.flatMap((service) => releaseCommandCalls(service, parts)),
    addRoutes("stack/routes/add", { ...routes, watched }),
    ...plan.routes.map(({ host }) => certificate(`stack/certificate/${host}`, { host, proxy })),
    ...services.map((service) => startService(`stack/start/${service.name}`, parts.start(service))),
    ...(plan.routes.length > 0 ? [switchTraffic("stack/switch", { ...routes, ...watched, ...parts.traffic() })] : []),
    retire("stack/retire", { stack, keep: parts.containers(), watched }),
    settleRoutes("stack/routes/settle", { ...routes, watched }),
    record("stack/record", {
      plan,
      planHash: hashOf(plan),
      release: parts.release,
      containers: services.map((service) => ({ service: service.name, container: parts.container(service) })),
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

const routesOf = ({ stack, routes, tls: { directory, email, trust } }: Plan): StackRoutes => ({
  stack,
  routes: routes.toSorted((a, b) => (a.host < b.host ? -1 : 1)).map(({ host, service }) => ({ host, service })),
  tls: { directory, email, trust },
});

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
  const upstreamFile = ({ name }: Service) => proxy.upstreamFile(stack, name);
  const container = (service: Service) => serviceContainer(stack, service.name, specOf(service, plan));
  const environmentOf = (part: Service | Backing) => ({
    stack,
    release,
    part: part.name,
    env: part.env,
    secrets: secretsOf(part, plan),
  });
  const watched = {
    server: plan.server.host,
    checks: routes.map(({ host, service: name }) => ({
      host,
      path: plan.services.find((service) => service.name === name)?.health.path ?? null,
    })),
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
    container: container(service),
    upstreamFile: hostOf(service) === null ? null : upstreamFile(service),
  });
  const all = plan.services.map(placed);
  return {
    release,
    container,
    watched,
    common,
    environment: environmentOf,
    start: (service: Service) => {
      return { ...common(service), host: hostOf(service), service, placed: placed(service), all };
    },
    traffic: () => ({
      all,
      upstreams: routed.map((service) => ({
        file: upstreamFile(service),
        container: container(service),
        port: service.port ?? 80,
      })),
    }),
    containers: () => [
      ...plan.backing.map(({ name }) => backingContainer(stack, name)),
      ...plan.services.map((service) => container(service)),
    ],
  };
}
