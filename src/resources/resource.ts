import type { Surface } from "../services/surface.ts";

/** What clients can read by an address, one kind of it, as no SDK knows it: server.ts serves it to MCP clients. */
export interface Resource {
  name: string;
  title: string;
  description: string;
  /** Its address, with `{id}` in the place of what one is named by. */
  template: string;
  mimeType: "application/json" | "text/markdown";
  /** Newest first. */
  list(surface: Surface): ListedResource[];
  /** Text from outside is sealed in it. Throws BerthError `no_such_…`. */
  read(surface: Surface, id: string): string;
  /** Another text whenever `read` may answer something else; cheap, since it is asked again and again. */
  tag(surface: Surface, id: string): string;
}

interface ListedResource {
  id: string;
  title: string;
}

/** How many of each kind are listed; older ones are read by their address all the same. */
export const listedMost = 50;
