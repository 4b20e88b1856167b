import { withContainerFiles, withStated } from "./compose/join.ts";
import { ecosystems } from "./ecosystems.ts";
import { withEdges } from "./edges.ts";
import { compare } from "./facts.ts";
import { joinDatastores, joinEnv, joinExternal, storesOf } from "./join.ts";
import { languagesOf } from "./languages.ts";
import { named } from "./names.ts";
import { withProcesses } from "./processes.ts";
import { aboutNothing } from "./questions.ts";
import { openView, type View } from "./read.ts";
import type { Analysis, Monorepo } from "./schema.ts";

/**
 * The facts in a source: reads files and nothing else, runs nothing, asks nobody. The same files give the same bytes,
 * wherever they lie; `name` is what the source is called.
 */
export const analyze = async (dir: string, { name }: { name: string }): Promise<Analysis> =>
  analyzeView(await openView(dir), name);

export async function analyzeView(view: View, name: string): Promise<Analysis> {
  const all = [];
  for (const ecosystem of ecosystems) all.push(await ecosystem.find(view, name));
  const processes = withProcesses(
    view,
    all.flatMap(({ services }) => services),
  );
  const files = withContainerFiles(view, name, processes.parts);
  const stores = files.parts.flatMap(({ datastores }) => datastores.map(({ what }) => what.name));
  const hosts = files.stores.flatMap(({ host }) => host ?? []);
  const parts = withEdges(named(files.parts, [...stores, ...hosts]));
  const env = joinEnv(parts);
  const { datastores, questions } = withStated(joinDatastores(parts, env), files.stores);
  return {
    version: 1,
    name,
    languages: languagesOf(view.files),
    monorepo: joinMonorepo(all.flatMap(({ monorepo }) => monorepo ?? [])),
    services: parts.map((part) => ({
      ...part.service,
      env: env.filter(({ services }) => services.includes(part.service.name)).map((one) => one.name),
      depends_on: [...new Set([...part.service.depends_on, ...storesOf(part)])].sort(compare),
    })),
    datastores,
    env,
    external: joinExternal(parts, env),
    questions: [
      ...(parts.length === 0 ? [aboutNothing(name)] : []),
      ...questions,
      ...parts.flatMap((part) => part.questions(part.service)),
      ...processes.questions,
      ...files.questions,
    ],
  };
}

const joinMonorepo = (found: Monorepo[]): Monorepo | null =>
  found.length === 0
    ? null
    : {
        tools: [...new Set(found.flatMap(({ tools }) => tools))],
        packages: [...new Set(found.flatMap(({ packages }) => packages))].sort(compare),
      };
