import { analyzeRepo } from "./analyze-repo.ts";
import type { Tool } from "./tool.ts";

/** All tools, in the order in which clients list them: the way of a deployment, then what looks and goes back. */
export const tools: readonly Tool[] = [analyzeRepo];
