import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { createApp } from "../src/app.js";

/** Stands in for the database: the tests are about the page and the form. */
const rows = [];
const pool = {
  async query(sql, values) {
    if (sql.startsWith("INSERT")) {
      const [name, message, picture] = values;
      rows.unshift({ id: String(rows.length + 1), name, message, picture, created_at: new Date() });
      return { rows: [rows[0]] };
    }
    return { rows: sql.startsWith("SELECT 1") ? [{}] : rows };
  },
};
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
let server;
let base;
let uploadDir;

before(async () => {
  uploadDir = await mkdtemp(path.join(tmpdir(), "guestbook-"));
  const config = { sessionSecret: "a secret for the tests", uploadDir, siteTitle: "Visitors <3" };
  server = createApp({ config, pool }).listen(0);
  await new Promise((resolve) => server.once("listening", resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
beforeEach(() => rows.splice(0));
after(async () => {
  server.close();
  await rm(uploadDir, { recursive: true });
});

const sign = (fields, headers = {}) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return fetch(`${base}/`, { method: "POST", body, headers, redirect: "manual" });
};

test("an entry with a picture is saved, shown escaped, and the picture served as one", async () => {
  const answer = await sign({ name: "Ada <b>", message: "Hello & welcome", picture: new File([png], "../evil.html") });
  assert.equal(answer.status, 303);
  const html = await (await fetch(base)).text();
  assert.match(html, /Ada &lt;b&gt;/);
  assert.match(html, /Hello &amp; welcome/);
  const [file] = await readdir(uploadDir);
  const picture = await fetch(`${base}/pictures/${file}`);
  assert.equal(picture.headers.get("content-type"), "image/png");
  assert.equal(picture.headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(Buffer.from(await picture.arrayBuffer()), png);
});

test("a visitor's name is remembered, and a forged one is not believed", async () => {
  const answer = await sign({ name: "Ada", message: "Hello" });
  const cookie = answer.headers.get("set-cookie").split(";")[0];
  assert.match(await (await fetch(base, { headers: { cookie } })).text(), /value="Ada"/);
  const forged = cookie.replace(/=[^.]*/, `=${Buffer.from("Eve").toString("base64url")}`);
  assert.doesNotMatch(await (await fetch(base, { headers: { cookie: forged } })).text(), /Eve/);
});

test("what is no picture, too large, or empty is refused with a sentence, and the rest of the form stays", async () => {
  const text = await sign({
    name: "Ada",
    message: "Hello",
    picture: new File(["<script>"], "a.png", { type: "image/png" }),
  });
  assert.equal(text.status, 422);
  assert.match(await text.text(), /value="Ada"/);
  const large = await sign({ name: "Ada", message: "Hello", picture: new File([new Uint8Array(3e6)], "a.png") });
  assert.equal(large.status, 413);
  const empty = await sign({ name: " ", message: "Hello" });
  assert.equal(empty.status, 422);
  assert.match(await empty.text(), /Please say who you are/);
  assert.equal(rows.length, 0);
});

test("the same as JSON", async () => {
  const post = (body) =>
    fetch(`${base}/api/entries`, { method: "POST", body, headers: { "content-type": "application/json" } });
  assert.equal((await post('{"name":"Ada","message":"Hello"}')).status, 201);
  assert.equal((await post('{"name":"Ada"}')).status, 422);
  assert.equal((await post("{")).status, 400);
  const { entries } = await (await fetch(`${base}/api/entries`)).json();
  assert.deepEqual(
    entries.map((entry) => entry.name),
    ["Ada"],
  );
});
