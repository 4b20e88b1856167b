import { BerthError } from "../../kit/error.ts";

/** Taking a step back would end what serves: the containers from before it were drained, stopped and removed. */
export const undoImpossible = (container: string): BerthError =>
  new BerthError({
    code: "undo_impossible",
    message: `${container} has taken the place of one that is gone, so it stays. Volumes are as they were.`,
    object: container,
    cause: "What a release has replaced is removed once the release serves.",
    next: "Apply the earlier plan again: it makes the earlier containers anew.",
  });
