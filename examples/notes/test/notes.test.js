import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { createApp } from "../src/app.js";
import { openNotes } from "../src/notes.js";

const folder = mkdtempSync(path.join(tmpdir(), "notes-"));
const file = path.join(folder, "data/notes.db");
const notes = openNotes(file);
const server = createApp(notes).listen(0);
const base = `http://localhost:${server.address().port}`;
after(() => {
  server.close();
  notes.close();
  rmSync(folder, { recursive: true });
});

const keep = (text) =>
  fetch(`${base}/notes`, { method: "POST", body: new URLSearchParams({ text }), redirect: "manual" });

test("a note is kept, shown as it was written, and outlives the process", async () => {
  assert.equal((await keep("milk & <bread>")).status, 303);
  assert.match(await (await fetch(base)).text(), /milk &amp; &lt;bread&gt;/);
  const again = openNotes(file);
  assert.equal(again.list()[0].text, "milk & <bread>");
  again.close();
});

test("an empty note is refused, and one can be removed", async () => {
  assert.equal((await keep("  ")).status, 422);
  await keep("gone soon");
  const [{ id }] = notes.list();
  const remove = () => fetch(`${base}/notes/${id}/delete`, { method: "POST", redirect: "manual" });
  assert.deepEqual([(await remove()).status, (await remove()).status], [303, 404]);
});
