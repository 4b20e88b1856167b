import { posix } from "node:path";
import { nameFrom } from "../source/name.ts";
import { compare } from "./facts.ts";
import type { Link, ServiceFindings } from "./findings.ts";
import { addressIn } from "./links.ts";
import type { Evidence, Service } from "./schema.ts";

/** Which programs of a source speak to which: by addresses in code and configuration, and by variables named after them. */
export function withEdges(parts: ServiceFindings[]): ServiceFindings[] {
  const edges = parts.flatMap((from) =>
    [...from.links, ...fallbackLinks(from), ...variableLinks(from, parts)].flatMap((link) => {
      const to = meant(from, link, parts);
      return to ? [{ from, to, link }] : [];
    }),
  );
  const fronts = parts.filter(({ service }) => service.kind === "frontend");
  return parts.map((part) => {
    const out = edges.filter(({ from }) => from === part);
    const paths = edges
      .filter(({ from, to }) => to === part && fronts.includes(from))
      .flatMap(({ link }) => link.paths.map((path) => ({ path, evidence: link.evidence })));
    return { ...part, service: joined(part.service, out, paths, fronts.length > 0) };
  });
}

function joined(
  service: Service,
  out: { to: ServiceFindings; link: Link }[],
  paths: { path: string; evidence: Evidence }[],
  besideFront: boolean,
): Service {
  const depends_on = [...new Set(out.map(({ to }) => to.service.name))].sort(compare);
  const unique = [...new Set(paths.map(({ path }) => path))].sort(compare);
  return {
    ...service,
    // What pages beside it ask answers programs, not people.
    kind:
      service.kind === "web" && besideFront && (paths.length > 0 || service.framework !== null) ? "api" : service.kind,
    depends_on: [...service.depends_on, ...depends_on],
    paths: [...service.paths, ...unique],
    evidence: {
      ...service.evidence,
      ...(depends_on.length > 0 && { depends_on: out.map(({ link }) => link.evidence).slice(0, 5) }),
      ...(unique.length > 0 && { paths: paths.map(({ evidence }) => evidence).slice(0, 5) }),
    },
  };
}

const local = /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|host\.docker\.internal)$/;

/** The program beside this one that an address leads to. */
function meant(from: ServiceFindings, { host, port, paths }: Link, parts: ServiceFindings[]) {
  const others = parts.filter((part) => part !== from && part.service.port !== null);
  if (!local.test(host)) return others.find((part) => hostsOf(part).includes(host));
  const here = others.filter(({ service }) => service.port === port && port !== from.service.port);
  if (here.length > 0) return here.length === 1 ? here[0] : undefined;
  // A page that hands paths on to some port means the only program that could answer there.
  return paths.length > 0 && others.length === 1 ? others[0] : undefined;
}

/** What a program may be called in a network: as itself, or as its folder. */
const hostsOf = ({ service, names }: ServiceFindings): string[] => [
  service.name,
  ...names.map(nameFrom),
  ...(service.path === "." ? [] : [posix.basename(service.path).toLowerCase()]),
];

const fallbackLinks = ({ env }: ServiceFindings): Link[] =>
  env.flatMap(({ fallback, evidence: [evidence] }) => {
    const address = fallback === undefined ? undefined : addressIn(fallback);
    return address && evidence ? [{ ...address, paths: [], evidence }] : [];
  });

const addressNames =
  /^(?:\w*_)?(\w+?)(?:_(?:SERVICE|SERVER|API|INTERNAL))?_(?:URL|URI|HOST|ADDR|ADDRESS|ENDPOINT|ORIGIN|BASE_URL)$/;

/** `CART_SERVICE_ADDR`, `API_URL`: a variable that is named after a program beside this one. */
const variableLinks = (from: ServiceFindings, parts: ServiceFindings[]): Link[] =>
  from.env.flatMap(({ name, evidence: [evidence] }) => {
    if (!addressNames.test(name) || !evidence) return [];
    const said = bare(name.replace(/_(?:BASE_URL|URL|URI|HOST|ADDR|ADDRESS|ENDPOINT|ORIGIN)$/, ""));
    const to = parts.find(
      (part) => part !== from && hostsOf(part).some((host) => said === bare(host) || said === `${bare(host)}service`),
    );
    return to ? [{ host: to.service.name, port: null, paths: [], evidence }] : [];
  });

const bare = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
