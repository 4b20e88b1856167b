import type { Service } from "../../schema.ts";

/** A web framework of the Node world, known by the package that a program depends on. */
export interface Framework {
  name: string;
  packages: string[];
  kind: Service["kind"];
  /** Where it listens when nobody says otherwise; null where it has no opinion. */
  defaultPort: number | null;
}
