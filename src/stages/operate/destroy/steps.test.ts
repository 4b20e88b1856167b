import { expect, test } from "vitest";
import { BerthError } from "../../../kit/error.ts";
import { plan } from "../../plan/plan-fixture.ts";
import { contextOver, fakeEngine } from "../engine-fixture.ts";
import { removeContainers } from "./containers.ts";
import { removeImages } from "./images.ts";
import { type Loss, renderLoss } from "./loss.ts";
import { removeVolume } from "./volume.ts";

const stack = "shop";
const volume = { stack, name: "shop-data", holds: "orders" };
const container = (role: string, of = stack) => ({ role, stack: of, status: "running", exitCode: 0, started: true });

test("containers end before what they need, each stopped before it is removed, and nobody else's", async () => {
  const { engine, containers, did } = fakeEngine();
  for (const [name, role] of Object.entries({ "shop-db": "backing", "shop-web": "service", "shop-run": "command" }))
    containers.set(name, container(role));
  containers.set("shop-odd", container("of a later version"));
  containers.set("blog-web", container("service", "blog"));
  const ctx = contextOver(engine);
  expect(await removeContainers.step.observe({ stack }, ctx)).toMatchObject({ before: { containers: { length: 4 } } });
  await removeContainers.step.apply({ stack }, { containers: [] }, ctx);
  expect(did.filter((act) => act.startsWith("remove"))).toEqual(
    ["shop-run", "shop-web", "shop-db", "shop-odd"].map((name) => `remove ${name}`),
  );
  expect(did.indexOf("stop shop-db")).toBeLessThan(did.indexOf("remove shop-db"));
  expect([...containers.keys()]).toEqual(["blog-web"]);
  expect(await removeContainers.step.observe({ stack }, ctx)).toEqual({ output: null });
});

test("a volume goes while it is the stack's; another's of that name does not, and one in use says so", async () => {
  const { engine, volumes, did } = fakeEngine();
  const ctx = contextOver(engine);
  volumes.set(volume.name, { stack: "blog", used: false });
  expect(await removeVolume.step.observe(volume, ctx)).toEqual({ output: null });
  volumes.set(volume.name, { stack, used: true });
  expect(await removeVolume.step.observe(volume, ctx)).toEqual({ before: null });
  await expect(removeVolume.step.apply(volume, null, ctx)).rejects.toMatchObject({ code: "in_use" });
  volumes.set(volume.name, { stack, used: false });
  await removeVolume.step.apply(volume, null, ctx);
  expect(await removeVolume.step.observe(volume, ctx)).toEqual({ output: null });
  expect(did).toEqual(["remove shop-data", "remove shop-data"]);
});

test("an image that somebody else runs stays, and keeps nothing from being done", async () => {
  const { engine, containers, images } = fakeEngine();
  images.set("berth/shop-web:1", { stack, by: null });
  images.set("berth/shop-web:2", { stack, by: "foreign" });
  containers.set("foreign", container("", ""));
  const ctx = contextOver(engine);
  await removeImages.step.apply({ stack }, { images: [] }, ctx);
  expect([...images.keys()]).toEqual(["berth/shop-web:2"]);
  expect(await removeImages.step.observe({ stack }, ctx)).toEqual({ output: null });
});

test("where no Engine answers nothing counts as gone", async () => {
  const failure = { code: "engine_unreachable", message: "", object: "", cause: "", next: "" };
  const ctx = contextOver(undefined);
  Object.assign(ctx.host, { engine: () => Promise.reject(new BerthError(failure)) });
  for (const seen of [
    await removeContainers.step.observe({ stack }, ctx),
    await removeVolume.step.observe(volume, ctx),
    await removeImages.step.observe({ stack }, ctx),
  ])
    expect(seen).toHaveProperty("before");
});

test("who is asked reads what is lost, how much it is, and what stays", () => {
  const loss: Loss = {
    volumes: [
      { name: "shop-db", holds: "the database", bytes: 48_123_000 },
      { name: "shop-odd\u001b[2J", holds: "data of an earlier version", bytes: null },
    ],
    ...{ containers: ["shop-web-1"], images: 3, releases: 5, others: ["blog"] },
  };
  const text = renderLoss(plan, loss);
  expect(text).toContain("volume shop-db: the database (48 MB)");
  expect(text).toContain("(size unknown)");
  expect(text).not.toContain("\u001b");
  expect(text).toMatch(/secrets that were made for it: .*postgres-password/);
  expect(text).toContain("5 releases: nothing can be gone back to");
  expect(text).toContain("other stacks: blog");
  const nothing = { ...loss, volumes: [], releases: 0 };
  expect(renderLoss({ ...plan, secrets: [] }, nothing)).toContain("no data: it has no volume");
});
