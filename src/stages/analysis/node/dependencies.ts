import { datastoreKinds } from "../datastores/index.ts";
import { externalServices } from "../externals.ts";
import type { Found, FoundDatastore } from "../findings.ts";
import type { Manifest } from "./manifest.ts";

/** Backing services that a program has a driver for, or whose Prisma schema names one. */
export function datastoresOf(manifest: Manifest, prisma: Found<string>[]): FoundDatastore[] {
  return datastoreKinds.flatMap((kind) => {
    const driver = kind.packages.npm.find((name) => manifest.dependencies[name] !== undefined);
    const evidence = [
      ...prisma.filter(({ what }) => kind.prisma.includes(what)).flatMap((found) => found.evidence),
      ...(driver === undefined ? [] : [manifest.at(["dependencies", driver], "dependency")]),
    ];
    const needed = kind.demandedBy.some((name) => manifest.dependencies[name] !== undefined);
    return evidence.length > 0 ? [{ what: kind, evidence, needed }] : [];
  });
}

export const externalOf = (manifest: Manifest): Found<string>[] =>
  externalServices.flatMap(({ name, packages }) => {
    const used = packages.find((one) => manifest.dependencies[one] !== undefined);
    return used === undefined ? [] : [{ what: name, evidence: [manifest.at(["dependencies", used], "dependency")] }];
  });
