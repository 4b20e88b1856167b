import { readFileSync } from "node:fs";

/** What the model is told before anything else. */
export const systemPrompt = (): string =>
  readFileSync(new URL("../../prompts/agent.md", import.meta.url), "utf8").trim();
