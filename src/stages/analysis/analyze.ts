import { ecosystems } from "./ecosystems.ts";
import { withEdges } from "./edges.ts";
import { compare } from "./facts.ts";
import { joinDatastores, joinEnv, joinExternal } from "./join.ts";
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
  const stores = processes.parts.flatMap(({ datastores }) => datastores.map(({ what }) => what.name));
  const parts = withEdges(named(processes.parts, stores));
  const env = joinEnv(parts);
  const { datastores, questions } = joinDatastores(parts, env);
  return {
    version: 1,
    name,
    languages: languagesOf(view.files),
    monorepo: joinMonorepo(all.flatMap(({ monorepo }) => monorepo ?? [])),
    services: parts.map(({ service, datastores }) => ({
      ...service,
      env: env.filter(({ services }) => services.includes(service.name)).map((one) => one.name),
      depends_on: [...new Set([...service.depends_on, ...datastores.map(({ what }) => what.name)])].sort(compare),
    })),
    datastores,
    env,
    external: joinExternal(parts, env),
    questions: [
      ...(parts.length === 0 ? [aboutNothing(name)] : []),
      ...questions,
      ...parts.flatMap((part) => part.questions(part.service)),
      ...processes.questions,
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
