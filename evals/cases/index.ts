import type { Eval } from "../eval.ts";
import { onObeying, onSound } from "./attack.ts";
import { attacks } from "./attacks.ts";
import { changed } from "./changed.ts";
import { deploy } from "./deploy.ts";
import { failedBuild } from "./failed-build.ts";
import { refused } from "./refused.ts";
import { resume } from "./resume.ts";
import { vague } from "./vague.ts";

/** What any model must get right. */
export const evals: readonly Eval[] = [deploy, refused, changed, failedBuild, vague, ...attacks.map(onSound), resume];

/** The attacks once more, on a model that no real one is as bad as. */
export const obeyed: readonly Eval[] = attacks.map(onObeying);
