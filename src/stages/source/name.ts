/** The last part of a path or address as a DNS label of at most 40 letters; `app` where nothing is left of it. */
export function nameFrom(path: string): string {
  const last = path.split(/[/:]/).findLast((part) => part !== "") ?? "";
  const label = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return label || "app";
}
