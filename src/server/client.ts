import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ProtocolEra,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { cleanLine } from "../kit/text.ts";

/** Who calls, and how a person can be asked there. */
export interface Client {
  /** As a grant's record names it: `claude-code 2.1`. The client's own words. */
  name: string;
  form: boolean;
  url: boolean;
}

const Said = z.object({
  info: z.object({ name: z.string(), version: z.string() }).optional(),
  capabilities: z
    .object({ elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial().optional() })
    .optional(),
});

/** Older clients say it once, in their handshake; modern ones with every request. */
export function clientOf(server: Server, era: ProtocolEra, { mcpReq }: ServerContext): Client {
  const envelope: Record<string, unknown> = { ...mcpReq.envelope };
  const said =
    era === "modern"
      ? { info: envelope[CLIENT_INFO_META_KEY], capabilities: envelope[CLIENT_CAPABILITIES_META_KEY] }
      : { info: server.getClientVersion(), capabilities: server.getClientCapabilities() };
  const { info, capabilities: { elicitation } = {} } = Said.safeParse(said).data ?? {};
  return {
    name: cleanLine(info === undefined ? "a client without a name" : `${info.name} ${info.version}`, 80),
    // A client from before there were two modes declares an empty object and means forms.
    form: elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined),
    url: elicitation?.url !== undefined,
  };
}
