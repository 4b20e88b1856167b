import type { Service as AnalysedService, Analysis, Env } from "../analysis/schema.ts";
import type { Provided } from "./backing/backing.ts";
import type { EnvSource, SecretUse } from "./schema.ts";
import type { Wishes } from "./wishes.ts";

export interface EnvironmentInput {
  analysis: Analysis;
  service: AnalysedService;
  port: number;
  domain: string;
  wishes: Wishes;
  provided: readonly Provided[];
  /** Fingerprints of what a person has set for this stack, by the variable's name. */
  given: Readonly<Record<string, string>>;
  /** Where paths that the service writes to are mounted, by the variable that moves them. */
  writableFrom: Readonly<Record<string, string>>;
}

export interface PlannedEnvironment {
  env: Record<string, EnvSource>;
  secrets: SecretUse[];
  /** Required names that nobody has given a value for. */
  missing: { name: string; secret: boolean; at: string }[];
}

/** Names by which applications ask where they are reached or where they listen; conventions of no single framework. */
const origin = /^((BASE|APP|SITE|PUBLIC|ROOT|SERVER|HOST)_)+(URL|URI|ORIGIN)$|^ORIGIN$|^(NEXTAUTH|BETTER_AUTH)_URL$/;
const host = /^(APP_|SITE_|PUBLIC_)?DOMAIN$|^APP_HOST$/;
const bind = /^(HOST|HOSTNAME|BIND|BIND_ADDRESS|LISTEN_HOST|LISTEN_ADDRESS|SERVER_HOST)$/;

/** Each variable that the service reads, with where its value comes from. A person's word wins over every rule. */
export function planEnvironment(input: EnvironmentInput): PlannedEnvironment {
  const { analysis, service, wishes, given } = input;
  const planned: PlannedEnvironment = { env: {}, secrets: [], missing: [] };
  const read = analysis.env.filter(({ services, build_time }) => services.includes(service.name) && !build_time);

  planned.env["NODE_ENV"] = { from: "value", value: "production", why: "a deployed service runs in production mode" };
  // A server that reads no PORT listens where the analysis found; the variable costs nothing and helps the others.
  planned.env["PORT"] = { from: "value", value: String(input.port), why: "the port that the proxy asks" };
  for (const variable of read) {
    const { name } = variable;
    const source = known(variable, input);
    if (source) planned.env[name] = source;
    else if (variable.generatable) generate(planned, name);
    else if (variable.required) planned.missing.push({ name, secret: variable.secret, at: placeOf(variable) });
  }
  for (const [name, value] of Object.entries(wishes.env)) planned.env[name] = { from: "value", value, why: "wished" };
  for (const [name, fingerprint] of Object.entries(given)) planGiven(planned, name, fingerprint);
  return { ...planned, secrets: used(planned), missing: planned.missing.filter(({ name }) => !(name in planned.env)) };
}

function known({ name, refers_to }: Env, { port, domain, provided, writableFrom, service }: EnvironmentInput) {
  const value = (text: string, why: string): EnvSource => ({ from: "value", value: text, why });
  if (name in writableFrom) return value(writableFrom[name] ?? "", "a volume, so that it outlives a release");
  if (name === service.port_env) return value(String(port), "the port that the proxy asks");
  if (refers_to) return provided.find(({ backing }) => backing.kind === refers_to.datastore)?.address[refers_to.part];
  if (origin.test(name)) return value(`https://${domain}`, "the stack's address");
  if (host.test(name)) return value(domain, "the stack's domain");
  if (bind.test(name)) return value("0.0.0.0", "the proxy reaches it over the stack's network");
  return undefined;
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
