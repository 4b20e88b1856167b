import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../run/journal.ts";
import { openRun } from "../run/runs.ts";
import { runStore } from "../store/runs.ts";
import { openedBerth } from "./fixture.ts";
import { surfaceOf } from "./surface-of.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

const surface = (git = {}) => surfaceOf(berth, { cwd: "/", git });

test("to open Berth, and to read what is kept, loads no package but zod", () => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { openBerth } = await import(${JSON.stringify(join(import.meta.dirname, "../services.ts"))});
    const { surfaceOf } = await import(${JSON.stringify(join(import.meta.dirname, "surface-of.ts"))});
    const surface = surfaceOf(openBerth(${JSON.stringify(berth.config)}), { cwd: "/", git: {} });
    for (const { list } of [surface.analyses, surface.plans, surface.runs, surface.stacks, surface.servers]) list();
    surface.scrub("text");
    console.log(JSON.stringify(loaded));
  `;
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  const loaded: string[] = JSON.parse(execFileSync(process.execPath, flags, { encoding: "utf8" }));
  const packages = loaded.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  expect([...new Set(packages)]).toEqual(["zod"]);
  // The prober's figures are read from a journal; the file knows their form, and nothing of a deploy.
  const heavy =
    /\/src\/(?:pipeline|host\/|proxies\/|stages\/(?:source|survey|provision|build|deploy)\/(?!prober\/figures))/;
  expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
});

test("every value that was set is masked, in all stacks and versions, as soon as it is there", () => {
  const { scrub } = surface({ token: "ghp_canary_token" });
  expect(scrub("first-value ghp_canary_token")).toBe("first-value [secret]");
  berth.secrets.set("shop", "KEY", "first-value");
  berth.secrets.set("shop", "KEY", "second value");
  berth.secrets.set("blog", "KEY", "third-value");
  expect(scrub("first-value, second%20value, third-value")).toBe("[secret], [secret], [secret]");
  expect(scrub(Buffer.from("third-value").toString("base64"))).not.toContain("dGhpcmQ");
});

test("a value that cannot be read any more keeps nothing else from being masked", () => {
  berth.secrets.set("shop", "KEY", "first-value");
  berth.secrets.set("blog", "KEY", "third-value");
  berth.store.run("UPDATE secrets SET sealed = X'00' WHERE stack = 'shop' AND name = 'KEY'");
  expect(surface().scrub("third-value")).toBe("[secret]");
});

test("a run that is over does not go on, and a stack with one plan has no earlier one", async () => {
  const { runs } = surface();
  const store = runStore(berth.store);
  const asked = { stack: "shop", operation: {}, grant: null, parts: [], calls: [], version: "0.0.1" };
  const { id } = openRun(store, asked, () => new Date());
  openJournal(store, id, 0, () => new Date()).append({ event: "ended", state: "done" });
  await expect(runs.resume(id)).rejects.toMatchObject({ code: "run_over", object: id });
  await expect(runs.resume("run_none")).rejects.toMatchObject({ code: "no_such_run" });
  expect(() => runs.earlierPlan("shop")).toThrow(expect.objectContaining({ code: "no_such_plan", object: "shop" }));
});
