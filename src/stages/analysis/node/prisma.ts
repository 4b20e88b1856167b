import { linesWith } from "../facts.ts";
import type { EnvFinding, Found } from "../findings.ts";
import type { View } from "../read.ts";

/** What Prisma schemas say: which database, and by which variable it is reached. */
export function prismaOf(
  view: View,
  within: (path: string) => boolean,
): { providers: Found<string>[]; env: EnvFinding[] } {
  const providers: Found<string>[] = [];
  const env: EnvFinding[] = [];
  for (const { path } of view.files.filter((file) => file.path.endsWith(".prisma") && within(file.path)).slice(0, 20)) {
    const text = view.text(path) ?? "";
    const source = /\bdatasource\s+\w+\s*\{([^}]*)\}/.exec(text)?.[1] ?? "";
    const provider = /\bprovider\s*=\s*"(\w+)"/.exec(source)?.[1];
    if (provider)
      providers.push({
        what: provider,
        evidence: linesWith(path, text, new RegExp(`provider\\s*=\\s*"${provider}"`), "Prisma datasource", 1),
      });
    for (const [, name = ""] of source.matchAll(/\benv\("(\w+)"\)/g)) {
      const usage = /^SHADOW_/.test(name) ? "optional" : "demanded";
      env.push({
        name,
        usage,
        evidence: linesWith(path, text, new RegExp(`env\\("${name}"\\)`), "Prisma datasource", 1),
      });
    }
  }
  return { providers, env };
}
