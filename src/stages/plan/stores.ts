import type { Analysis, Datastore } from "../analysis/schema.ts";
import type { BackingKind, Provided } from "./backing/backing.ts";
import { backingKinds } from "./backing/index.ts";
import { publishedOf } from "./publish.ts";
import type { Plan, Service } from "./schema.ts";
import type { Wishes } from "./wishes.ts";

/** A datastore that the source needs, and how Berth runs it. */
interface NeededStore {
  datastore: Datastore;
  kind: BackingKind;
  version: string | null;
}

/** With what it gives to the services, and the name by which the source's own files call it. */
export interface PlannedStore extends Provided {
  host: string | null;
}

export const neededStores = ({ datastores }: Pick<Analysis, "datastores">): NeededStore[] =>
  datastores
    .filter(({ required }) => required)
    .flatMap((datastore) =>
      backingKinds
        .filter((kind) => kind.datastore === datastore.name)
        .map((kind) => ({ datastore, kind, version: datastore.version })),
    );

/** Each is called as the source's own files call it, else after its kind. */
export function planStores(
  analysis: Pick<Analysis, "datastores">,
  { stack, last, wishes, pinned }: { stack: string; last: Plan | null; wishes: Wishes; pinned(name: string): string },
): PlannedStore[] {
  const needed = neededStores(analysis);
  return needed.map(({ datastore: { name, host }, kind, version }) => {
    const alone = needed.filter((other) => other.kind === kind).length === 1;
    const before = last?.backing.filter((one) => one.kind === name) ?? [];
    // One that has another name in the source now is the same, with the same data.
    const kept = alone && before.length === 1 ? before[0]?.name : undefined;
    const called = kept ?? labelOf(host) ?? kind.datastore;
    const { memoryMegabytes } = wishes.services?.[called] ?? {};
    const provided = kind.provide({ stack, image: pinned(kind.image(version)), name: called, memoryMegabytes });
    return { ...provided, host, backing: { ...provided.backing, published: publishedOf(called, wishes) } };
  });
}

/** A compose file may use names that are no host names. */
const labelOf = (host: string | null): string | undefined =>
  host
    ?.toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "") || undefined;

/** The names in the stack of what a service depends on, which the analysis calls as the source or after their kinds. */
export const dependenciesOf = (
  names: readonly string[],
  services: readonly Pick<Service, "name">[],
  stores: readonly PlannedStore[],
): string[] => [
  ...new Set(
    names.flatMap((name) => {
      if (services.some((service) => service.name === name)) return [name];
      const store =
        stores.find(({ host, backing }) => host === name || backing.name === name) ??
        stores.find(({ backing }) => backing.kind === name);
      return store ? [store.backing.name] : [];
    }),
  ),
];
