import { afterAll, beforeAll, expect, test } from "vitest";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { applied, ask, type Cli, done, failureIn, guestbook, openCli, testLab } from "../e2e/berth.ts";
import { freshServer } from "../e2e/servers.ts";

// A computer that never knew the server, or whose state folder is lost, learns from it what stands there.
const lab = testLab();
const secret = "given $1 'value' \"here\" # \\n";
let server: Server;
let cli: Cli;
let earlier = "";

const titled = (title: string) => ({ args: ["--env", `SITE_TITLE=${title}`] });
const page = async () => (await ask(lab, server)).body;
const there = (script: string) => inServer(lab, server.name, "sh", "-ec", script);
/** Everything that the server keeps of the stack, values of secrets among it, and the containers that run. */
const standing = () =>
  there(
    "cd /var/lib/berth/stacks; find . -type f -exec sha256sum {} + | sort -k 2; docker ps --no-trunc --format '{{.ID}} {{.Names}}' | sort",
  );
const adopt = (...more: string[]) =>
  cli.run(["adopt", `ssh://${server.user}@${server.address}`, "--identity", server.key, ...more, "--json"]);

beforeAll(async () => {
  server = await freshServer(lab, "adopted");
  const before = await openCli(lab);
  done(await before.run(["secrets", "set", "SESSION_SECRET", "--stack", "guestbook"], { input: `${secret}\n` }));
  earlier = done(await before.up(guestbook, server, titled("One"))).hash;
  done(await before.up(guestbook, server, titled("Two")));
  await before.close();
  cli = await openCli(lab);
});
afterAll(async () => {
  await cli?.close();
  await removeServer(lab, "adopted");
});

test("up onto a stack that this computer does not know stops, and names adopt", async () => {
  const stood = await standing();
  const target = ["--server", `ssh://${server.user}@${server.address}`, "--identity", server.key];
  const ended = await cli.run(["up", guestbook, ...target, "--yes", "--json"]);
  expect(ended.code).toBe(1);
  expect(failureIn(ended)).toMatchObject({ code: "stack_unknown_here", next: expect.stringContaining("berth adopt") });
  expect(await standing()).toBe(stood);
});

test("without a terminal, and without the host key's name, nothing is adopted; another key is refused", async () => {
  const unsure = await adopt();
  expect(unsure.code).toBe(3);
  expect(failureIn(unsure)).toMatchObject({ code: "approval_required" });
  expect(failureIn(await adopt("--host-key", `SHA256:${"A".repeat(43)}`))).toMatchObject({ code: "host_key_changed" });
  expect((await cli.run(["status", "--json"])).stdout.trim()).toBe("[]");
});

test("an adopted stack is known as before: an unchanged up applies no step", async () => {
  const stood = await standing();
  const { hostKey } = JSON.parse(await there("cat /var/lib/berth/stacks/guestbook/applied.json")).plan.server;
  const adopted = done(await adopt("--host-key", hostKey));
  expect(adopted.events.at(-1)).toMatchObject({
    state: "adopted",
    stacks: [{ stack: "guestbook", serial: 2, earlier: [earlier], missing: [] }],
    refused: [],
  });
  expect(adopted.stdout + adopted.stderr).not.toContain("given $1");
  const again = done(await cli.up(guestbook, server, titled("Two")));
  expect(applied(again)).toEqual([]);
  expect(again.events.at(-1)).toMatchObject({ state: "unchanged", applied: 0 });
  expect(await standing()).toBe(stood);
});

test("and a rollback goes back to the plan that stood before, by the server's own keeping", async () => {
  expect(await page()).toContain("Two");
  done(await cli.run(["rollback", "guestbook", "--approve", earlier, "--json"]));
  expect(await page()).toContain("One");
});
