import { quote } from "../host/quote.ts";
import { visible } from "../kit/text.ts";
import type { StackAct } from "./stack-acts.ts";

/** What was asked for, by its arguments alone: for who is asked about it where nothing looks at the server. */
export function describeAct(asked: StackAct): string {
  const { stack, server } = asked.arguments;
  if (asked.act === "run_command") {
    const { service, argv } = asked.arguments;
    return `Run beside ${service} of ${stack} on ${visible(server)}:\n  ${visible(quote(argv))}`;
  }
  const volumes = asked.arguments.volumes.map(({ name, holds }) => `  - volume ${visible(`${name}: ${holds}`)}`);
  return [`Destroy ${stack} on ${visible(server)}, with its secrets and releases and`, ...volumes].join("\n");
}
