import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeServer, type Server } from "../../lab/server.ts";
import { Figures } from "../../src/stages/deploy/prober/figures.ts";
import { ask, type Cli, done, type Ended, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingServer } from "../e2e/servers.ts";
import { makeTiny, type Tiny } from "../e2e/tiny.ts";

// A program with a file of its own, of which there is never more than one at a time: what its visitors meet is said.
const lab = testLab();
let server: Server;
let cli: Cli;
let tiny: Tiny;

const version = (word: string, atStart = "") => ({
  handler: `response.end(${JSON.stringify(word)});`,
  listen: `const { existsSync, mkdirSync } = await import("node:fs");
const { DatabaseSync } = await import("node:sqlite");
process.on("SIGTERM", () => process.exit(0));
const opened = existsSync("data/notes.db");
${atStart}
mkdirSync("data", { recursive: true });
new DatabaseSync("data/notes.db").exec("create table if not exists notes (word text)");
server.listen(port);`,
});
const requestsIn = ({ events }: Ended) => Figures.array().parse(events.at(-1)?.["requests"]);

beforeAll(async () => {
  server = await servingServer(lab, "notes");
  cli = await openCli(lab);
  tiny = await makeTiny("notes");
  await tiny.write(version("one"));
});
afterAll(async () => {
  await cli.close();
  await tiny.remove();
  await removeServer(lab, server.name);
});

test("the first release has no visitors, and none are made up", async () => {
  const planned = await cli.plan(tiny.folder, server);
  expect(planned.stdout).toContain('"stop-first"');
  expect(done(await cli.up(tiny.folder, server)).events.at(-1)).not.toHaveProperty("requests");
});

test("while the old one is stopped and the new one starts nobody is answered: how long is measured and said", async () => {
  await tiny.write(version("two"));
  const second = done(await cli.up(tiny.folder, server));
  expect((await ask(lab, server)).body).toBe("two");
  const [figures] = requestsIn(second);
  // Its gate looks at it twice, so long at least: the proxy holds what comes while there is nobody to give it to.
  expect(figures?.unanswered).toBeGreaterThan(300);
  expect(figures?.versions.map(({ answers }) => answers > 0)).toEqual([true, true]);
  expect(second.stderr).toContain(
    `while the release was switched: ${figures?.sent} requests, ${figures?.failed} failed`,
  );
});

test("a release that fails is measured until the old one serves again, and each request can be read", async () => {
  // Well on its own, and not with the file that is there.
  await tiny.write(version("three", "if (opened) process.exit(3);"));
  const third = await cli.up(tiny.folder, server);
  expect(failureIn(third)["code"]).toBe("app_crashed");
  expect((await ask(lab, server)).body).toBe("two");
  const [figures] = requestsIn(third);
  expect(figures).toMatchObject({ switched: null, versions: [{ answers: expect.any(Number) }] });
  expect(figures?.unanswered).toBeGreaterThan(300);
  const file = join(cli.home, "runs", String(third.events.at(-1)?.["run"]), "requests.jsonl");
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(figures?.sent ?? 0);
  const failed = lines.filter((line) => !(JSON.parse(line) as { ok: boolean }).ok);
  expect(failed).toHaveLength(figures?.failed ?? 0);
});
