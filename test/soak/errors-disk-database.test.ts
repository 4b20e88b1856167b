import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { ask, type Cli, copyOfGuestbook, done, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";

// A database whose volume is a disk of its own, as small as a test makes it; beside it another stack, which nothing of it may touch.
const lab = testLab();
const name = "full-database";
const volume = "/var/lib/docker/volumes/notes-postgres/_data";
const database = "notes-postgres";
let server: Server;
let cli: Cli;
let source: string;

const shell = (script: string) => inServer(lab, name, "sh", "-ec", script);
const resize = (megabytes: number) => shell(`mount -o remount,size=${megabytes}m ${volume}`);
const up = () => cli.up(source, server, { args: ["--stack", "notes"] });
const neighbour = async () => (await ask(lab, server, { domain: servingDomain })).status;
const sql = (text: string) => shell(`docker exec ${database} psql -h 127.0.0.1 -U notes -d notes -tAc "${text}"`);

beforeAll(async () => {
  server = await servingServer(lab, name);
  await shell(`mkdir -p ${volume}; mount -t tmpfs -o size=20m tmpfs ${volume}`);
  cli = await openCli(lab);
  source = await copyOfGuestbook();
});
afterAll(async () => {
  await cli.close();
  await removeServer(lab, name);
});

const expectFull = (failure: Record<string, string>, words: RegExp) => {
  expect(failure).toMatchObject({
    code: "disk_full",
    message: `${database} does not start. What ran before runs on.`,
    object: database,
    cause: expect.stringMatching(/^The server's disk is full\. Its last lines:\n/),
    next: expect.stringContaining("Make room on the server (df -h"),
  });
  expect(failure["cause"]).toMatch(words);
};

// 20 MB are too little for its cluster; 40 and 44 are enough, and too little for the database that is made in it next.
test.each([20, 40, 44])("no room at the first start, with %i MB: told in PostgreSQL's words", async (megabytes) => {
  await resize(megabytes);
  const ended = await up();
  expect(ended.code).toBe(1);
  expectFull(failureIn(ended), /No space left on device|Check free disk space/);
  expect(await neighbour()).toBe(200);
});

test("with room the same command goes on, to a database that is whole", async () => {
  await resize(500);
  done(await up());
  expect((await ask(lab, server)).status).toBe(200);
  expect(await sql("select current_database()")).toBe("notes");
});

test("no room when a database with data starts: told, the old version runs on, and with room all of it is there", async () => {
  const before = await shell(
    "docker ps --filter label=dev.berth.stack=notes --format '{{.ID}} {{.Names}}' | grep -v postgres",
  );
  const rows = await sql("select count(*) from pg_class");
  await editFile("one");
  // Not a byte is free, and then it has to start anew.
  await shell(`docker stop ${database}; cat /dev/zero >${volume}/fill 2>/dev/null || :`);
  const ended = await up();
  expect(ended.code).toBe(1);
  expectFull(failureIn(ended), /No space left on device|Check free disk space/);
  expect(
    await shell("docker ps --filter label=dev.berth.stack=notes --format '{{.ID}} {{.Names}}' | grep -v postgres"),
  ).toBe(before);
  expect(await neighbour()).toBe(200);
  await shell(`rm -f ${volume}/fill`);
  done(await up());
  expect((await ask(lab, server)).status).toBe(200);
  expect(await sql("select count(*) from pg_class")).toBe(rows);
});

test("a cluster without its database, as a first start leaves it that was cut off, gets it from the next up", async () => {
  await shell(`docker exec ${database} psql -h 127.0.0.1 -U notes -d postgres -c 'drop database notes with (force)'`);
  await editFile("two");
  done(await up());
  expect((await ask(lab, server)).status).toBe(200);
  expect(await sql("select current_database()")).toBe("notes");
});

const editFile = (text: string) => writeFile(join(source, "public/changed.txt"), `${text}\n`);
