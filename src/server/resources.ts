import { ResourceNotFoundError } from "@modelcontextprotocol/server";
import { addressOf, resourceAt } from "../resources/address.ts";
import type { Around } from "./call.ts";
import { answered, isMissing } from "./failure.ts";
import type { Serving } from "./serving.ts";
import type { Watch } from "./watch.ts";

/** What the store holds, by address; modern clients subscribe at the transport (`subscription.ts`), older ones here. */
export function serveResources(serving: Serving, { server, era }: Around, watch: Watch): void {
  const { surface, resources } = serving;

  server.setRequestHandler("resources/list", () =>
    answered(serving, () => ({
      resources: resources.flatMap((resource) =>
        resource.list(surface).map(({ id, title }) => ({
          uri: addressOf(resource, id),
          name: `${resource.name}-${id}`,
          title: surface.scrub(title),
          mimeType: resource.mimeType,
        })),
      ),
    })),
  );

  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: resources.map(({ name, title, description, template, mimeType }) => ({
      name,
      title,
      description,
      uriTemplate: template,
      mimeType,
    })),
  }));

  server.setRequestHandler("resources/read", ({ params: { uri } }) =>
    answered(serving, () => ({
      contents: [
        found(uri, ({ resource, id }) => ({ uri, mimeType: resource.mimeType, text: resource.read(surface, id) })),
      ],
    })),
  );

  if (era === "modern") return;
  server.setRequestHandler("resources/subscribe", ({ params: { uri } }) =>
    answered(serving, () => {
      found(uri, ({ resource, id }) => resource.tag(surface, id));
      watch.add(uri, [uri]);
      return {};
    }),
  );
  server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
    watch.remove(uri);
    return {};
  });

  function found<T>(uri: string, look: (at: NonNullable<ReturnType<typeof resourceAt>>) => T): T {
    const at = resourceAt(resources, uri);
    if (!at) throw new ResourceNotFoundError(uri);
    try {
      return look(at);
    } catch (error) {
      throw isMissing(error) ? new ResourceNotFoundError(uri) : error;
    }
  }
}
