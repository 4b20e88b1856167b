import type { ImageConfig, ResolvedImage } from "../source/image.ts";
import { withHealthCommand } from "./docker/facts.ts";
import { isAmbient, isSecret } from "./env-names.ts";
import { compare, type Fact, inferred, stated } from "./facts.ts";
import type { Analysis, Env, Evidence, Question, Service, Writable } from "./schema.ts";
import { serviceOf } from "./service.ts";

/** Every fact was read in one place. */
const at = (rule: string): Evidence => ({ file: "the image's configuration", line: 1, rule });

/** The facts that an image states of itself: there is no source to be read. The same image gives the same bytes. */
export function analysisOfImage({
  image,
  label: name,
  config,
}: Pick<ResolvedImage, "image" | "label" | "config">): Analysis {
  const own = config.config ?? {};
  const env = envOf(own, name);
  const ports = portsOf(own);
  const listening = ports.find((port) => !isTls(port)) ?? ports[0];
  const byVariable = portVariable(own, ports);
  const port: Fact<number> | undefined =
    byVariable ?? (listening === undefined ? undefined : stated(listening, at("ExposedPorts")));
  const start = [...(own.Entrypoint ?? []), ...(own.Cmd ?? [])].join(" ");
  const service = serviceOf(
    { name, path: ".", kind: port ? "web" : "worker", language: "image" },
    { port, start: start === "" ? undefined : stated(start, at(own.Cmd?.length ? "Cmd" : "Entrypoint")) },
  );
  const user = own.User || null;
  const described: Service = {
    ...service,
    image,
    user,
    port_env: byVariable ? "PORT" : null,
    env: env.map((one) => one.name),
    writable: writableOf(own),
    evidence: { ...service.evidence, image: [at("image")], ...(user && { user: [at("User")] }) },
    confidence: { ...service.confidence, image: "stated", ...(user && { user: "stated" }) },
  };
  const check = checkOf(own);
  return {
    version: 1,
    name,
    languages: [],
    monorepo: null,
    services: [check ? withHealthCommand(described, check, at("Healthcheck")) : described],
    datastores: [],
    env,
    external: [],
    questions: aboutPorts(name, ports, byVariable !== undefined),
  };
}

type Own = NonNullable<ImageConfig["config"]>;

/** Those that speak TCP, in the order of their numbers: the registry's order says nothing. */
const portsOf = ({ ExposedPorts }: Own): number[] =>
  Object.keys(ExposedPorts ?? {})
    .flatMap((text) => /^(\d{1,5})(?:\/tcp)?$/.exec(text)?.[1] ?? [])
    .map(Number)
    .filter((port) => port > 0 && port < 65_536)
    .sort((a, b) => a - b);

/** The proxy speaks TLS to visitors, and plain HTTP to what is behind it. */
const isTls = (port: number) => port === 443 || port === 8443;

/** An image that sets PORT listens there, unless it exposes others alone. */
function portVariable({ Env: set }: Own, ports: readonly number[]): Fact<number> | undefined {
  const value = Number(pairs(set).find(([name]) => name === "PORT")?.[1]);
  const isPort = Number.isInteger(value) && value > 0 && value < 65_536;
  return isPort && (ports.length === 0 || ports.includes(value)) ? inferred(value, at("Env PORT")) : undefined;
}

function aboutPorts(name: string, ports: readonly number[], known: boolean): Question[] {
  const plain = ports.filter((port) => !isTls(port));
  if (known || plain.length === 1 || ports.length === 1) return [];
  const none = ports.length === 0;
  return [
    {
      id: `services_${name}_port`,
      about: `services.${name}.port`,
      question: none ? `Does ${name} listen on a port?` : `On which port does ${name} answer HTTP?`,
      options: plain.map(String),
      why: none
        ? "The image exposes none, so that it is run as a worker that nobody asks; one that listens says so in its Dockerfile: EXPOSE."
        : "The image exposes several.",
      required: !none,
    },
  ];
}

/** A check of the image's own; `NONE` takes away one that it had inherited. */
function checkOf({ Healthcheck }: Own): string[] | undefined {
  const [how, ...words] = Healthcheck?.Test ?? [];
  if (words.length === 0) return undefined;
  if (how === "CMD") return words;
  return how === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : undefined;
}

const writableOf = ({ Volumes }: Own): Writable[] =>
  Object.keys(Volumes ?? {})
    .filter((path) => path.startsWith("/") && path.length > 1)
    .sort(compare)
    .map((path) => ({
      path,
      from_env: null,
      why: "the image declares it a volume",
      evidence: [at("Volumes")],
      confidence: "stated",
    }));

/** Their names: what they are set to is in the image, and stays so unless somebody wishes otherwise. */
const envOf = ({ Env: set }: Own, service: string): Env[] =>
  pairs(set)
    .map(([name]) => name)
    .filter((name, n, all) => /^[A-Za-z_]\w*$/.test(name) && !isAmbient(name) && all.indexOf(name) === n)
    .sort(compare)
    .map((name) => ({
      name,
      required: false,
      secret: isSecret(name),
      build_time: false,
      services: [service],
      refers_to: null,
      generatable: false,
      evidence: [at("Env")],
      confidence: "stated",
    }));

const pairs = (set: Own["Env"]): [string, string][] =>
  (set ?? []).map((line) => {
    const end = line.indexOf("=");
    return end < 0 ? [line, ""] : [line.slice(0, end), line.slice(end + 1)];
  });
