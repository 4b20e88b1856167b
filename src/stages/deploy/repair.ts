import type Docker from "dockerode";
import { ifThere } from "../../host/docker/answers.ts";
import { ask } from "../../host/docker/exec.ts";
import { clean } from "../../kit/text.ts";
import { repairOf } from "../plan/backing/index.ts";

/**
 * What its first start has left undone, as the Engine's own check was told since its last start, is done now. Answers what
 * the command said, nothing where it succeeded; undefined where there is nothing to be done.
 */
export async function repairHalfMade(
  engine: Docker,
  { id, kind }: { id: string; kind: string },
  log: (text: string) => void,
): Promise<string | undefined> {
  const State = (await ifThere(engine.getContainer(id).inspect()))?.State;
  const last = State?.Health?.Log?.at(-1);
  // Those of earlier starts are kept as well.
  const said = State && last && Date.parse(last.Start) >= Date.parse(State.StartedAt) ? last.Output : "";
  const command = repairOf(kind, said);
  if (!command) return undefined;
  log(`its first start was cut off (${clean(said, 300).trim()}): what it left undone is done now\n`);
  const { code, output } = await ask(engine, id, command);
  const failed = code === 0 ? "" : clean(output, 1000).trim();
  if (failed !== "") log(`${failed}\n`);
  return failed;
}
