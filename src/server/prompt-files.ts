import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";

/** A way through Berth's tools that a person picks by name; one file of `prompts/` each. */
export interface Prompt extends z.infer<typeof Head> {
  name: string;
  body: string;
}

const Head = z.strictObject({
  title: z.string(),
  description: z.string(),
  arguments: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string(),
      required: z.boolean().default(false),
      /** Its values are names of these resources. */
      of: z.enum(["stack", "plan", "run", "server", "analysis"]).optional(),
    }),
  ),
});

/** Beside `src` and beside `dist`. */
const folder = join(import.meta.dirname, "../../prompts");
/** What the bundled agent is told; not a prompt that a person picks. */
const notForPeople = ["agent.md"];

/** All prompts, by name. YAML is read here alone, so that a server starts without it. */
export async function readPrompts(): Promise<Prompt[]> {
  const { parse } = await import("yaml");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".md") && !notForPeople.includes(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const [, head = "", body = ""] =
        /^---\n(.*?)\n---\n(.*)$/s.exec(await readFile(join(folder, file), "utf8")) ?? [];
      return { name: basename(file, ".md"), ...Head.parse(parse(head)), body: body.trim() };
    }),
  );
}
