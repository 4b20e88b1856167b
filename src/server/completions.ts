import { cleanLine } from "../kit/text.ts";
import type { Around } from "./call.ts";
import { answered } from "./failure.ts";
import { prompts } from "./prompts.ts";
import type { Serving } from "./serving.ts";

/** The protocol's limit. */
const most = 100;

/** Names of what the store holds, for the addresses of resources and the arguments of prompts. */
export function serveCompletions(serving: Serving, { server }: Around): void {
  const { surface, resources } = serving;
  server.setRequestHandler("completion/complete", ({ params: { ref, argument } }) =>
    answered(serving, async () => {
      const kind = ref.type === "ref/resource" ? kindOfAddress(ref.uri) : await kindOfArgument(ref.name, argument.name);
      const values = idsOf(kind).filter((id) => id.startsWith(argument.value));
      return {
        completion: {
          values: values.slice(0, most).map((value) => cleanLine(value)),
          total: values.length,
          hasMore: values.length > most,
        },
      };
    }),
  );

  const kindOfAddress = (template: string) => resources.find((resource) => resource.template === template)?.name;

  const kindOfArgument = async (prompt: string, argument: string) =>
    (await prompts()).find(({ name }) => name === prompt)?.arguments.find(({ name }) => name === argument)?.of;

  const idsOf = (kind: string | undefined) =>
    resources
      .find(({ name }) => name === kind)
      ?.list(surface)
      .map(({ id }) => id) ?? [];
}
