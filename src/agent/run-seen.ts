/** Follows from the results of tools which run goes on and which approval is open, so that whoever leaves is told. */
export function watchRuns(note: (line: string) => void) {
  let going: string | undefined;
  let open: string | undefined;
  const told = new Set<string>();

  /** Notes the addresses that a run ended with, once: they are the server's word, not the model's. */
  function see(structured: unknown): void {
    if (!isObject(structured)) return;
    const { run, status, state, stack, addresses, request } = structured;
    if (typeof status === "string")
      open = status === "approval_required" && typeof request === "string" ? request : undefined;
    if (typeof run !== "string") return;
    if (status === "run" || status === "started" || state === "pending" || state === "running") going = run;
    else if (typeof state === "string" && going === run) going = undefined;
    if (state !== "done" || !Array.isArray(addresses) || addresses.length === 0 || told.has(run)) return;
    told.add(run);
    note(`${typeof stack === "string" ? stack : run} answers on ${addresses.join(", ")}`);
  }

  return { see, going: () => going, open: () => open };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
