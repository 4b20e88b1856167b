import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followed, settled } from "../../evals/cases/steps.ts";
import { startMessagesApi } from "../../evals/messages-api.ts";
import { get, playing, type Script, say } from "../../evals/script.ts";
import { removeServer, type Server } from "../../lab/server.ts";
import { ask, copyOfGuestbook, done, openCli, testLab } from "./berth.ts";
import { servingDomain, servingServer } from "./servers.ts";

/** What a person waits for, and then types; one after the other. */
type Talk = readonly [shown: RegExp, typed: string][];

/** `berth agent` in a terminal of its own, where a person types; what it showed. */
async function atTerminal(args: string[], { env, cwd }: { env: NodeJS.ProcessEnv; cwd: string }, talk: Talk) {
  const words = [process.execPath, join(import.meta.dirname, "../../src/cli.ts"), "agent", ...args];
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env,
    cwd,
    timeout: patience,
  });
  const left = [...talk];
  let [shown, read] = ["", 0];
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    for (let next = left[0]; next; next = left[0]) {
      const found = next[0].exec(shown.slice(read));
      if (!found) return;
      read += found.index + found[0].length;
      left.shift();
      child.stdin.write(next[1]);
    }
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, shown, left };
}

/** In ms; what was shown until then says where it stopped. */
const patience = 240_000;
const approve = /or no to close the request: /;

let server: Server;

beforeAll(async () => {
  server = await servingServer(testLab(), "agent");
});

afterAll(() => removeServer(testLab(), "agent"));

test("a person at a terminal is asked, reads the plan, approves it by typing, and sees it done", async () => {
  const lab = testLab();
  const cli = await openCli(lab);
  done(await cli.adopt(server));
  const cwd = dirname(await copyOfGuestbook());
  const target = `ssh://${server.user}@${server.address}`;
  const seen: unknown[] = [];

  function* model(): Script {
    const { analysis } = yield* get("analyze_repo", { source: "./guestbook" });
    const options = [target, "another one"];
    const answer = yield* get("ask_person", { question: "Which server?", options });
    const wishes = { domain: servingDomain, memory_megabytes: 640 };
    const plan = yield* settled("propose_plan", { analysis, server: answer["the_person_typed"], wishes });
    seen.push((yield* get("deploy_stack", { plan: plan["hash"] }))["status"]);
    const begun = yield* get("deploy_stack", { plan: plan["hash"] });
    seen.push(begun["status"]);
    const { state, addresses } = yield* followed(String(begun["run"]));
    yield* say(`It is ${String(state)}: ${String(addresses)}`);
  }

  const api = await startMessagesApi(playing(model()));
  const env = {
    ...cli.env,
    BERTH_IDENTITY: server.key,
    ANTHROPIC_API_KEY: api.key,
    ANTHROPIC_BASE_URL: api.url,
  };
  try {
    const { code, shown, left } = await atTerminal(["Give the guestbook more memory"], { env, cwd }, [
      [/2\. another one[\s\S]*> /, "1\r"],
      // Typed before the question is there, it does not count.
      [/propose_plan/, "yes\r"],
      [approve, "maybe\r"],
      [/That was not yes/, ""],
      [approve, "yes\r"],
      [/It is done[\s\S]*> /, "\u0004"],
    ]);
    expect({ code, left, refused: api.refused, seen }, shown).toEqual({
      code: 0,
      left: [],
      refused: [],
      seen: ["approval_required", "run"],
    });
    // The whole plan stands before the question, not only what a dialog has room for.
    expect(shown.indexOf("memory 640 MB")).toBeGreaterThan(-1);
    expect(shown.indexOf("Dockerfile of guestbook")).toBeLessThan(shown.search(approve));
    expect(shown).toMatch(/get_run {2}run_\w+[\s\S]*switch to the new release/);
    expect(shown).toContain(`guestbook answers on https://${servingDomain}`);
    expect((await ask(lab, server, { domain: servingDomain, path: "/healthz" })).status).toBe(200);
  } finally {
    await api.stop();
    await cli.close();
    await rm(cwd, { recursive: true, force: true });
  }
});
