import type { StepCall } from "../../run/step.ts";
import type { Plan } from "../plan/schema.ts";
import { stackRoutes } from "../plan/stack-routes.ts";
import { engineRunning, engineSettings } from "./engine.ts";
import { closePorts, releasePorts } from "./firewall.ts";
import { nodeExporter } from "./monitoring.ts";
import { installPackages } from "./packages.ts";
import { proxyConfiguration, proxyContainer } from "./proxy.ts";
import { proxyImage } from "./proxy-image.ts";
import { secureSsh } from "./ssh.ts";
import { addSwap } from "./swap.ts";
import { securityUpdates } from "./updates.ts";

/** Every kind of step that makes a server ready. */
export const provisionSteps = [
  nodeExporter,
  engineSettings,
  installPackages,
  engineRunning,
  addSwap,
  securityUpdates,
  closePorts,
  releasePorts,
  secureSsh,
  proxyImage,
  proxyConfiguration,
  proxyContainer,
];

/** The plan's server as steps, in order; what a package would start with is configured before it is installed. */
export function provisionCalls(plan: Plan): StepCall[] {
  const { stack, provision, proxy, server } = plan;
  const planned = stackRoutes(plan);
  const { packages, sshPorts, swapMegabytes } = provision;
  const openPorts = provision.openPorts.map(({ port, protocol }) => ({ port, protocol }));
  return [
    nodeExporter("server/monitoring-address", { running: false }),
    engineSettings("server/engine-settings", {}),
    installPackages("server/packages", { packages }),
    engineRunning("server/engine", {}),
    ...(swapMegabytes > 0 ? [addSwap("server/swap", { megabytes: swapMegabytes })] : []),
    securityUpdates("server/updates", {}),
    closePorts("server/firewall", { stack, sshPorts, openPorts }),
    secureSsh("server/ssh", { user: server.user }),
    nodeExporter("server/monitoring", { running: true }),
    proxyImage("server/proxy-image", proxy),
    proxyConfiguration("server/proxy-configuration", { ...proxy, planned }),
    proxyContainer("server/proxy", { ...proxy, planned }),
  ];
}

/** What a server's firewall gives up with a stack: all that it published. What it is reached by otherwise, and the proxy, stay. */
export function releaseCalls({ stack, provision, services, backing }: Plan): StepCall[] {
  const published = [...services, ...backing].flatMap((part) => part.published);
  const stays = provision.openPorts.filter(
    ({ port, protocol }) => !published.some((own) => own.hostPort === port && own.protocol === protocol),
  );
  const openPorts = stays.map(({ port, protocol }) => ({ port, protocol }));
  return [releasePorts("server/firewall/release", { stack, sshPorts: provision.sshPorts, openPorts })];
}
