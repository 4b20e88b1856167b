import type Docker from "dockerode";
import type { ContainerInspectInfo } from "dockerode";
import { ifThere } from "../host/docker/answers.ts";
import { lastLines } from "../host/docker/logs.ts";
import type { Host } from "../host/host.ts";
import { labels } from "../kit/layout.ts";
import { cleanLine } from "../kit/text.ts";
import { probe } from "../stages/deploy/probe.ts";
import { figuresOf } from "../stages/operate/figures.ts";
import { type Asked, healthOf } from "../stages/operate/figures-health.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { ContainerStatus } from "./surface.ts";

/** Lines of its own that tell why a container has ended. */
const lastWords = 3;

/** What a stack's containers are like at this moment: a look of about a second. */
export async function containerStatuses(plan: Plan, host: Host, engine: Docker): Promise<ContainerStatus[]> {
  const listed = await engine.listContainers({ all: true, filters: { label: [`${labels.stack}=${plan.stack}`] } });
  const seen = await Promise.all(listed.map(({ Id }) => statusOf(plan, Id, host, engine)));
  return seen.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Labels and names can be forged by whoever holds the server: they are shown, never followed. */
async function statusOf(plan: Plan, id: string, host: Host, engine: Docker): Promise<ContainerStatus[]> {
  const found = await ifThere(engine.getContainer(id).inspect());
  if (!found) return [];
  const { Name, Config, State } = found;
  const running = State.Running && !State.Restarting;
  const [figures, asked] = await Promise.all([
    figuresOf(engine, id),
    running ? answerOf(plan, found, host) : undefined,
  ]);
  const { state, health, cause } = healthOf(found, asked);
  const words = running || State.Status === "created" ? "" : await lastLines(engine, id, lastWords);
  return [
    {
      name: cleanLine(Name.replace(/^\//, ""), 100),
      part: cleanLine(Config.Labels?.[labels.service] ?? "", 60),
      role: cleanLine(Config.Labels?.[labels.role] ?? "", 30),
      image: cleanLine(Config.Image, 200),
      ...{ state, health, restarts: found.RestartCount },
      cause: words === "" ? cause : cleanLine(`${cause ?? ""}: ${words}`, 500),
      since: timeOf(State.Running ? State.StartedAt : State.FinishedAt),
      ...figures,
    },
  ];
}

/** What its health path says, asked on the server as the deployment asks it; undefined where there is nothing to ask. */
async function answerOf(plan: Plan, found: ContainerInspectInfo, host: Host): Promise<Asked | undefined> {
  const service = plan.services.find(({ name }) => name === found.Config.Labels?.[labels.service]);
  const address = found.NetworkSettings.Networks[plan.network.name]?.IPAddress;
  if (found.Config.Labels?.[labels.role] !== "service" || !service?.port || !address || found.State.Health)
    return undefined;
  const { port, health } = service;
  const name = plan.routes.find((route) => route.service === service.name)?.host ?? null;
  const { answer } = await probe(host, { address, port, path: health.path, name });
  return { port, path: health.path, answer };
}

/** The Engine's word for never is the year 1. */
const timeOf = (time: string): string | null => (time.startsWith("0001-") ? null : cleanLine(time, 40));
