import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import { type Expanded, expand } from "../../../kit/expand.ts";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";

/** In the order in which Docker Compose looks for them. Files that override are for one computer, and are not read. */
const fileNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Words = z.union([z.string(), z.array(Text)]).nullable();
/** `- NAME=VALUE` and `NAME: VALUE` alike. */
const Pairs = z.union([z.array(Text), z.record(z.string(), Text.nullable())]);
const Port = z.union([
  Text,
  z.looseObject({
    target: Text,
    published: Text.optional(),
    host_ip: Text.optional(),
    protocol: z.string().optional(),
  }),
]);
const Volume = z.union([
  Text,
  z.looseObject({
    type: z.string().optional(),
    source: Text.optional(),
    target: Text,
    read_only: z.boolean().optional(),
  }),
]);
const Condition = z.looseObject({ condition: z.string().optional() }).nullable();

const Service = z.looseObject({
  build: z
    .union([
      z.string(),
      z.looseObject({
        context: Text.optional(),
        dockerfile: Text.optional(),
        dockerfile_inline: z.string().optional(),
        target: Text.optional(),
        args: Pairs.optional(),
      }),
    ])
    .optional(),
  image: Text.optional(),
  command: Words.optional(),
  entrypoint: Words.optional(),
  environment: Pairs.nullable().optional(),
  env_file: z
    .union([Text, z.array(z.union([Text, z.looseObject({ path: Text })]))])
    .nullable()
    .optional(),
  ports: z.array(Port).nullable().optional(),
  expose: z.array(Text).nullable().optional(),
  volumes: z.array(Volume).nullable().optional(),
  healthcheck: z.looseObject({ test: Words.optional(), disable: z.boolean().optional() }).nullable().optional(),
  depends_on: z
    .union([z.array(Text), z.record(z.string(), Condition)])
    .nullable()
    .optional(),
  user: Text.optional(),
  profiles: z.array(Text).nullable().optional(),
  deploy: z.looseObject({ replicas: Text.optional() }).nullable().optional(),
  scale: Text.optional(),
  restart: Text.optional(),
});

export type Described = z.infer<typeof Service>;

export interface ComposeService {
  name: string;
  said: Described;
  /** The line of a key of this service, or of the nearest around it. */
  at(path: readonly (string | number)[], rule: string): Evidence;
}

export interface ComposeFile {
  file: string;
  services: ComposeService[];
  /** What of it cannot be read, with where. */
  unread: { name: string; why: string; evidence: Evidence }[];
}

const maxServices = 200;
/** Enough for any file that a person wrote, too little for one that unfolds to gigabytes. */
const maxAliasCount = 100;

export function readCompose(view: View): ComposeFile | undefined {
  const file = fileNames.find((name) => view.has(name));
  const text = file === undefined ? undefined : view.text(file);
  if (file === undefined || text === undefined) return undefined;
  const lines = new LineCounter();
  const at = (offset: number | undefined, rule: string): Evidence => ({
    file,
    line: offset === undefined ? 1 : lines.linePos(offset).line,
    rule,
  });
  const unread = (name: string, why: string, offset?: number) => ({ name, why, evidence: at(offset, "compose file") });
  try {
    const document = parseDocument(text, { merge: true, lineCounter: lines, logLevel: "silent", uniqueKeys: false });
    const [problem] = document.errors;
    if (problem)
      return { file, services: [], unread: [unread(file, problem.message.split("\n")[0] ?? "", problem.pos[0])] };
    const root: unknown = document.toJS({ maxAliasCount });
    const services = Object.entries(
      z.looseObject({ services: z.record(z.string(), z.unknown()).nullish() }).parse(root).services ?? {},
    );
    const found: ComposeFile = { file, services: [], unread: [] };
    for (const [name, value] of services.slice(0, maxServices)) {
      const lineOf = (path: readonly (string | number)[], rule: string) =>
        at(offsetOf(document.contents, ["services", name, ...path]), rule);
      const said = Service.safeParse(value ?? {});
      if (said.success) found.services.push({ name, said: said.data, at: lineOf });
      else {
        const [issue] = said.error.issues;
        const path = (issue?.path ?? []).filter((part) => typeof part !== "symbol");
        found.unread.push({
          name,
          why: `${path.join(".") || name} is not as a compose file has it`,
          evidence: lineOf(path, "compose file"),
        });
      }
    }
    return found;
  } catch {
    return { file, services: [], unread: [unread(file, "it is no compose file")] };
  }
}

/** Where a key stands, through aliases; where a merged one has no place, that of what merges it. */
function offsetOf(contents: unknown, path: readonly (string | number)[]): number | undefined {
  let node: unknown = contents;
  let offset: number | undefined;
  for (const step of path) {
    if (isAlias(node)) return offset;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (!pair) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (item === undefined) return offset;
      offset = startOf(item) ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}

const startOf = (node: unknown): number | undefined =>
  isNode(node) ? ((node as Node).range?.[0] ?? undefined) : undefined;

/** Text with its variables' defaults in place. Nobody's variables are read, and no .env file. */
export const filled = (text: string): Expanded => expand(text, () => undefined, "$$");
