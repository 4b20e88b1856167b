import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { exclusively } from "./lock.ts";
import { openLab, toolsFolder } from "./names.ts";
import { run } from "./shell.ts";

/**
 * A program of others for tests and bench, too heavy to be a dependency: `npmTool("@scope/name@1.2.3")` installs it once a
 * machine, whole or not at all, and answers the folder of its package.
 */
export async function npmTool(spec: string): Promise<string> {
  const [, name] = /^((?:@[a-z0-9-]+\/)?[a-z0-9.-]+)@\d+\.\d+\.\d+$/.exec(spec) ?? [];
  if (name === undefined) throw new Error(`"${spec}" names no package in one version: @scope/name@1.2.3`);
  const folder = join(toolsFolder, spec.replace("/", "+"));
  await exclusively(openLab(), `npm-tool-${spec}`, async () => {
    if (!existsSync(folder)) await install(spec, folder);
  });
  return join(folder, "node_modules", name);
}

async function install(spec: string, folder: string): Promise<void> {
  // What a killed installation left lies under the same name, and nobody else works here now.
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  // --force: some ask for a newer Node than npm itself runs on, and are started with ours.
  await run("npm", ["install", "--prefix", fresh, "--force", "--no-audit", "--no-fund", "--loglevel=error", spec], {
    timeoutMs: 600_000,
  });
  await rename(fresh, folder);
}
