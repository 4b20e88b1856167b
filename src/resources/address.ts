import type { Resource } from "./resource.ts";

/** The address of one resource; names that an address cannot carry are percent-encoded. */
export const addressOf = ({ template }: Resource, id: string): string =>
  template.replace("{id}", encodeURIComponent(id));

/** What an address names; undefined where it is none of ours. */
export function resourceAt(
  resources: readonly Resource[],
  address: string,
): { resource: Resource; id: string } | undefined {
  for (const resource of resources) {
    const [before = "", after = ""] = resource.template.split("{id}");
    if (!address.startsWith(before) || !address.endsWith(after)) continue;
    const id = decoded(address.slice(before.length, address.length - after.length));
    if (id !== undefined) return { resource, id };
  }
  return undefined;
}

function decoded(part: string): string | undefined {
  if (part === "" || part.includes("/")) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
