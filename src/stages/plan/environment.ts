import { holdsSecret } from "../../kit/secret-shapes.ts";
import type { Service as AnalysedService, Analysis, Env } from "../analysis/schema.ts";
import { pointingAt } from "./pointing.ts";
import type { EnvSource, SecretUse } from "./schema.ts";
import type { PlannedStore } from "./stores.ts";
import type { Wishes } from "./wishes.ts";

export interface EnvironmentInput {
  analysis: Pick<Analysis, "env" | "services">;
  service: AnalysedService;
  /** null: it listens nowhere. */
  port: number | null;
  domain: string | undefined;
  wishes: Pick<Wishes, "env">;
  stores: readonly PlannedStore[];
  /** Fingerprints of what a person has set for this stack, by the variable's name. */
  given: Readonly<Record<string, string>>;
  /** Where paths that the service writes to are mounted, by the variable that moves them. */
  writableFrom: Readonly<Record<string, string>>;
}

export interface PlannedEnvironment {
  env: Record<string, EnvSource>;
  secrets: SecretUse[];
  /** Values that end up in what the build makes. */
  args: Record<string, string>;
  /** Required names that nobody has given a value for. */
  missing: { name: string; secret: boolean; at: string }[];
}

/** Names by which applications ask where they are reached or where they listen; conventions of no single framework. */
const origin = /^((BASE|APP|SITE|PUBLIC|ROOT|SERVER|HOST)_)+(URL|URI|ORIGIN)$|^ORIGIN$|^(NEXTAUTH|BETTER_AUTH)_URL$/;
const host = /^(APP_|SITE_|PUBLIC_)?DOMAIN$|^APP_HOST$/;
const bind = /^(HOST|HOSTNAME|BIND|BIND_ADDRESS|LISTEN_HOST|LISTEN_ADDRESS|SERVER_HOST)$/;

/** A value that is true on the computer of whoever wrote it alone. */
const local = /\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\b/;

/** Each variable that the service reads, with where its value comes from. A person's word wins over every rule. */
export function planEnvironment(input: EnvironmentInput): PlannedEnvironment {
  const { service, wishes, given } = input;
  const planned: PlannedEnvironment = { env: {}, secrets: [], missing: [], args: buildArguments(input) };
  // What was only built for browsers runs nowhere on the server, so it reads nothing there.
  if (isPages(service)) return planned;
  planConventions(planned, input);
  for (const variable of variablesOf(input)) planVariable(planned, variable, input);
  const isMine = readers(input);
  for (const [name, value] of Object.entries(wishes.env))
    if (isMine(name)) planned.env[name] = { from: "value", value, why: "wished" };
  for (const [name, fingerprint] of Object.entries(given)) if (isMine(name)) planGiven(planned, name, fingerprint);
  return { ...planned, secrets: used(planned), missing: planned.missing.filter(({ name }) => !(name in planned.env)) };
}

const isPages = ({ kind, start, image, dockerfile }: AnalysedService) =>
  kind === "frontend" && start === null && image === null && dockerfile === null;

function planConventions({ env }: PlannedEnvironment, { service, port }: EnvironmentInput): void {
  if (service.runtime?.name === "node")
    env["NODE_ENV"] = { from: "value", value: "production", why: "a deployed service runs in production mode" };
  // A server that reads no PORT listens where the analysis found; the variable costs nothing and helps the others.
  if (port !== null && service.image === null)
    env["PORT"] = { from: "value", value: String(port), why: "the port that the proxy asks" };
}

/** What the code reads and what the source's own files set, as one list. */
function variablesOf({ analysis, service }: EnvironmentInput): (Env & { stated: string | undefined })[] {
  const read = analysis.env.filter(({ services, build_time }) => services.includes(service.name) && !build_time);
  const set = Object.entries(service.values).filter(
    ([name]) => name !== "NODE_ENV" && !analysis.env.some((one) => one.name === name && one.build_time),
  );
  const alone = set.filter(([name]) => !read.some((one) => one.name === name));
  return [
    ...read.map((one) => ({ ...one, stated: service.values[one.name] })),
    ...alone.map(([name, stated]) => ({ ...unread(name, service, analysis), stated })),
  ];
}

function unread(name: string, service: AnalysedService, { env }: Pick<Analysis, "env">): Env {
  const known = env.find((one) => one.name === name);
  return {
    name,
    required: false,
    secret: known?.secret ?? false,
    build_time: false,
    services: [service.name],
    refers_to: null,
    generatable: false,
    evidence: service.evidence[`values.${name}`] ?? [],
    confidence: "stated",
  };
}

function planVariable(
  planned: PlannedEnvironment,
  variable: Env & { stated: string | undefined },
  input: EnvironmentInput,
) {
  const { name, stated, secret, required } = variable;
  const source = known(variable, input);
  // A secret that lies in the source is nobody's secret any more: it is made anew, or asked for.
  const laidOpen = stated !== undefined && (secret || holdsSecret(stated));
  if (source) planned.env[name] = source;
  else if (variable.generatable) generate(planned, name);
  else if (required || laidOpen) planned.missing.push({ name, secret: secret || laidOpen, at: placeOf(variable) });
}

/** What follows from the plan, before what the source's files say, before what a name alone says. */
function known(
  { name, refers_to, stated, secret, evidence: [at] }: Env & { stated: string | undefined },
  input: EnvironmentInput,
) {
  const { port, domain, stores, writableFrom, service } = input;
  if (name in writableFrom) return value(writableFrom[name] ?? "", "a volume, so that it outlives a release");
  if (name === service.port_env && port !== null) return value(String(port), "the port that the proxy asks");
  const pointed = stated === undefined ? undefined : pointingAt(stated, stores);
  if (pointed) return pointed;
  if (refers_to) {
    const store = stores.find(({ backing }) => backing.kind === refers_to.datastore);
    if (store) return store.address[refers_to.part];
  }
  if (stated !== undefined && !local.test(stated) && !secret && !holdsSecret(stated))
    return value(stated, statedAt(name, service, at));
  if (domain !== undefined && origin.test(name)) return value(`https://${domain}`, "the stack's address");
  if (domain !== undefined && host.test(name)) return value(domain, "the stack's domain");
  if (bind.test(name) && port !== null) return value("0.0.0.0", "the proxy reaches it over the stack's network");
  return stated === undefined || secret || holdsSecret(stated) ? undefined : value(stated, statedAt(name, service, at));
}

const value = (text: string, why: string): EnvSource => ({ from: "value", value: text, why });

function statedAt(name: string, { evidence }: AnalysedService, other: Env["evidence"][number] | undefined): string {
  const at = evidence[`values.${name}`]?.[0] ?? evidence["values"]?.[0] ?? other;
  return at ? `${at.file}:${at.line}` : "the source says so";
}

/** What the build reads and somebody wishes, or the source's files set for more than one computer. */
function buildArguments({ analysis, service, wishes }: EnvironmentInput): Record<string, string> {
  const names = analysis.env
    .filter(({ services, build_time, secret }) => build_time && !secret && services.includes(service.name))
    .map(({ name }) => name);
  return Object.fromEntries(
    names.flatMap((name) => {
      const stated = service.values[name];
      const text = wishes.env[name] ?? (stated === undefined || local.test(stated) ? undefined : stated);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** A person's word goes to the services that read it; where none is known to, to all. */
function readers({ analysis, service }: EnvironmentInput): (name: string) => boolean {
  return (name) => {
    const known = [
      ...(analysis.env.find((one) => one.name === name)?.services ?? []),
      ...analysis.services.filter(({ values }) => name in values).map((one) => one.name),
    ];
    return known.length === 0 || known.includes(service.name);
  };
}

function generate({ env, secrets }: PlannedEnvironment, name: string): void {
  const secret = name.toLowerCase().replaceAll("_", "-");
  env[name] = { from: "secret", secret, why: "made when it is first applied, and kept" };
  secrets.push({ origin: "generated", name: secret, version: 1, length: 48, alphabet: "alphanumeric" });
}

function planGiven({ env, secrets }: PlannedEnvironment, name: string, fingerprint: string): void {
  env[name] = { from: "secret", secret: name, why: "set by a person" };
  secrets.push({ origin: "given", name, fingerprint });
}

/** A person's value may have taken the place of a generated one. */
const used = ({ env, secrets }: PlannedEnvironment) =>
  secrets.filter(({ name }) => Object.values(env).some((source) => source.from === "secret" && source.secret === name));

const placeOf = ({ evidence: [at] }: Env) => (at ? `${at.file}:${at.line}` : "the source");
