import type { Analysis } from "../analysis/schema.ts";
import { addressOf } from "./addresses.ts";
import type { Plan, Published } from "./schema.ts";
import type { PlannedStore } from "./stores.ts";
import type { Wishes } from "./wishes.ts";

/** The ports of a service or backing service that the world shall reach past the proxy: those that a person wished. */
export const publishedOf = (name: string, { publish = [] }: Pick<Wishes, "publish">): Published[] =>
  publish
    .filter(({ service }) => service === name)
    .map(({ port, hostPort = port, protocol }) => ({ port, hostPort, protocol, why: "wished" }));

/** What the firewall opens for them. */
export const openedBy = (
  parts: readonly { name: string; published: readonly Published[] }[],
): Plan["provision"]["openPorts"] =>
  parts.flatMap(({ name, published }) =>
    published.map(({ port, hostPort, protocol }) => ({ port: hostPort, protocol, why: `${name}:${port}, as wished` })),
  );

type Sentence = Plan["risks"][number];

/**
 * What the source's own files open to the world and this plan does not: whoever relies on it has to know, and how to have it.
 * `reached`: what leads to a service over HTTPS instead.
 */
export function closedPorts(
  { services, datastores }: Pick<Analysis, "services" | "datastores">,
  stores: readonly PlannedStore[],
  planned: Pick<Plan, "services" | "routes" | "backing">,
): { risks: Sentence[]; reasons: Sentence[] } {
  const closed = [
    ...services.flatMap(({ name, published }) => published.map((one) => ({ name, ...one }))),
    ...datastores.flatMap(({ name, host, published }) => {
      const store = stores.find((one) => (host === null ? one.backing.kind === name : one.host === host));
      return store ? published.map((one) => ({ name: store.backing.name, ...one })) : [];
    }),
  ].filter(({ name, port, protocol }) => {
    const part = [...planned.services, ...planned.backing].find((one) => one.name === name);
    return !part?.published.some((open) => open.port === port && open.protocol === protocol);
  });
  const sentences = closed.map(({ name, port, host_port, protocol, evidence: [at] }) => {
    const place = at ? `${at.file}:${at.line}` : "the source";
    const route = planned.routes.find(({ service }) => service === name);
    const service = planned.services.find((one) => one.name === name);
    if (route && service?.port === port)
      return {
        isRisk: false,
        about: name,
        text: `${place} publishes it on ${host_port}; here ${addressOf(route)} leads there instead.`,
      };
    const wish = `${name}:${port}${host_port === port ? "" : `:${host_port}`}${protocol === "udp" ? "/udp" : ""}`;
    return {
      isRisk: true,
      about: name,
      text: `${host_port}${protocol === "udp" ? "/udp" : ""} is closed from outside though ${place} publishes it; open it: --publish ${wish}`,
    };
  });
  const said = (risk: boolean) =>
    sentences.filter(({ isRisk }) => isRisk === risk).map(({ about, text }) => ({ about, text }));
  return { risks: said(true), reasons: said(false) };
}
