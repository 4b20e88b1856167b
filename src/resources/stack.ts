import { recordText } from "./record.ts";
import { listedMost, type Resource } from "./resource.ts";

export const stack: Resource = {
  name: "stack",
  title: "Stack",
  description:
    "What stands, as this computer noted it last: plan, server, addresses. The tool get_status looks at the server.",
  template: "berth://stacks/{id}",
  mimeType: "application/json",
  list: ({ stacks }) =>
    stacks
      .list()
      .slice(0, listedMost)
      .map(({ name, server }) => ({ id: name, title: `Stack ${name} on ${server}` })),
  read: (surface, id) => recordText(surface.stacks.get(id), surface),
  tag: (surface, id) => JSON.stringify(surface.stacks.get(id)),
};
