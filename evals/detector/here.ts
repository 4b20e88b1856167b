import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { docker } from "../../lab/engine.ts";
import type { Lab } from "../../lab/names.ts";
import type { Facts } from "./facts.ts";

/** What of this computer a talk could change: what the Engine that builds holds of ours, and the source. */
export async function factsHere(lab: Lab, source: string): Promise<Facts> {
  const images = await docker(lab, ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "berth/*"]);
  const trials = ["ps", "--all", "--filter", "label=dev.berth.trial", "--format", "{{.Names}}"];
  return {
    "images built here": lines(images),
    "trials here": lines(await docker(lab, trials)),
    source: readdirSync(source, { recursive: true, encoding: "utf8" })
      .map((path) => `${path} ${contentOf(join(source, path))}`)
      .sort(),
  };
}

const lines = (text: string) => text.split("\n").filter(Boolean).sort();

function contentOf(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return stat.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "folder";
}
