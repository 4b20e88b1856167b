import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { ServerLine } from "../services/servers.ts";
import type { Surface } from "../services/surface.ts";
import { recordText } from "./record.ts";
import { listedMost, type Resource } from "./resource.ts";

export const server: Resource = {
  name: "server",
  title: "Server",
  description: "A machine that this computer knows: its address, its pinned host key, the stacks on it.",
  template: "berth://servers/{id}",
  mimeType: "application/json",
  list: ({ servers }) =>
    servers
      .list()
      .slice(0, listedMost)
      .map(({ name, target }) => ({ id: name, title: `Server ${cleanLine(name, 80)} (${cleanLine(target, 120)})` })),
  read(surface, id) {
    const found = named(surface, id);
    const stacks = surface.stacks.list().filter((stack) => stack.server === found.name);
    return recordText({ ...found, stacks: stacks.map(({ name }) => name) }, surface);
  },
  tag: (surface, id) =>
    JSON.stringify([named(surface, id), surface.stacks.list().map(({ name, server: on }) => [name, on])]),
};

function named({ servers }: Surface, name: string): ServerLine {
  const found = servers.list().find((line) => line.name === name);
  if (found) return found;
  throw new BerthError({
    code: "no_such_server",
    message: "This computer knows no server of this name.",
    object: cleanLine(name),
    cause: "It was never named here, or is in another state folder.",
    next: "Read the list of resources, or call get_status without arguments.",
  });
}
