import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";

/** An image of a registry by name, as Docker reads it. */
export interface ImageName {
  /** `docker.io`, `ghcr.io`, `registry.example.org:5000`. */
  registry: string;
  /** In the registry: `library/nginx`. */
  repository: string;
  /** As people write it, without tag and digest: `nginx`, `ghcr.io/team/app`. */
  name: string;
  /** null where a digest alone says which. */
  tag: string | null;
  /** `sha256:…` */
  digest: string | null;
}

const label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const registryPattern = new RegExp(`^${label}(?:\\.${label})*(?::([0-9]{1,5}))?$`);
const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${part}(?:/${part})*$`);
const hub = "docker.io";

/** Throws `image_name_wrong`. The rules are those of Docker: https://pkg.go.dev/github.com/distribution/reference */
export function parseImageName(text: string): ImageName {
  const [, before = "", digest = null] = /^([^@]*)(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  const [, path = "", tag = null] = /^(.*?)(?::([A-Za-z0-9_][\w.-]{0,127}))?$/.exec(before) ?? [];
  const { registry, repository } = splitRegistry(path);
  const port = registryPattern.exec(registry)?.[1];
  const isRegistry = registryPattern.test(registry) && Number(port ?? 1) > 0 && Number(port ?? 1) < 65_536;
  if (!isRegistry || !repositoryPattern.test(repository) || repository.length > 255) throw wrong(text);
  return {
    registry,
    repository,
    name: familiar(registry, repository),
    tag: tag ?? (digest === null ? "latest" : null),
    digest,
  };
}

/** The whole reference, as people and Docker write it. */
export const imageReference = ({ name, tag, digest }: Omit<ImageName, "registry" | "repository">): string =>
  `${name}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;

/** What stands before the first slash is a registry where it could be nothing else; what has none comes from Docker's own. */
function splitRegistry(path: string): { registry: string; repository: string } {
  const slash = path.indexOf("/");
  const first = path.slice(0, Math.max(slash, 0));
  const isRegistry = looksLikeRegistry(first);
  const [registry, rest] = isRegistry ? [first, path.slice(slash + 1)] : [hub, path];
  if (!/^(?:index\.|registry-1\.)?docker\.io$/.test(registry)) return { registry, repository: rest };
  return { registry: hub, repository: rest.includes("/") ? rest : `library/${rest}` };
}

const looksLikeRegistry = (first: string) => /[.:A-Z]/.test(first) || first === "localhost";

function familiar(registry: string, repository: string): string {
  const short = repository.replace(/^library\/(?=[^/]+$)/, "");
  // `docker.io/a.b/c` without its registry would be c on the registry a.b.
  const isClear = registry === hub && !looksLikeRegistry(short.includes("/") ? (short.split("/")[0] ?? "") : "");
  return isClear ? short : `${registry}/${repository}`;
}

const wrong = (text: string) =>
  new BerthError({
    code: "image_name_wrong",
    message: "This is no name of an image.",
    object: cleanLine(text) || "(nothing)",
    cause:
      "An image is named [REGISTRY[:PORT]/]NAME[:TAG][@sha256:DIGEST]; the name has lower-case letters, digits, and . _ - between them.",
    next: "Name it as docker pull would: image:ghcr.io/OWNER/NAME:TAG",
  });
