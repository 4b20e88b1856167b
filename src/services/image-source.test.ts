import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { planInput } from "../stages/plan/fixture.ts";
import { imagesOf } from "../stages/plan/images.ts";
import { makePlan } from "../stages/plan/make.ts";
import { renderPlan } from "../stages/plan/render.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { dirOf } from "./analyses.ts";
import { analysisOfPlan, readSource, recallSource } from "./analyze.ts";
import { openedBerth } from "./fixture.ts";
import { keptAnalysis } from "./kept-analyses.ts";

// A registry that gives its one image to ann.
const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const password = "r3gistry-c4nary";
const manifestFor = (config: string) =>
  JSON.stringify({ config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config) } });
const configFor = (port: number) =>
  JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { User: "app", ExposedPorts: { [`${port}/tcp`]: {} } },
  });

let config = "";
let server: Server;
let source = "";
let docker = "";
let berth: ReturnType<typeof openedBerth>;
beforeEach(async () => {
  config = configFor(8080);
  const auth = Buffer.from(`ann:${password}`).toString("base64");
  server = createServer(({ url = "", headers }, response) => {
    if (headers.authorization !== `Basic ${auth}`)
      return void response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    if (url.includes("/blobs/")) response.end(config);
    else response.end(url === "/v2/" ? "{}" : manifestFor(config));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  source = `image:${host}/team/wares:1`;
  docker = mkdtempSync(join(tmpdir(), "berth-docker-"));
  writeFileSync(join(docker, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  berth = openedBerth({ env: { PATH: "/usr/bin:/bin", DOCKER_CONFIG: docker } });
});
afterEach(() => {
  server.close();
  berth.remove();
  rmSync(docker, { recursive: true });
});

const recall = () => recallSource(berth, source, { cwd: "/", git: {}, signal: new AbortController().signal });
const planned = async (last: Plan | null = null) => {
  const { source: found, analysis } = await readSource(berth, source, "/", {});
  const { kind, name, revision, contentHash } = found;
  expect(imagesOf(analysis)).toEqual(["caddy:2"]);
  return makePlan(
    planInput({ analysis, last, source: { kind, name, revision, contentHash }, wishes: { env: {}, domain: "a.test" } }),
  );
};

test("an image is planned by its digest, with nothing to build, and the whole digest is shown", async () => {
  const plan = await planned();
  const digest = digestOf(manifestFor(config));
  const name = source.slice("image:".length);
  expect(plan).toMatchObject({
    stack: "wares",
    images: [],
    source: { kind: "image", name: name.replace(/:1$/, ""), revision: digest },
    services: [{ name: "wares", image: `${name}@${digest}`, port: 8080, user: "app", command: null, capabilities: [] }],
    routes: [{ host: "a.test", path: "/", service: "wares" }],
  });
  expect(renderPlan(plan, "h")).toContain(`(image) at ${digest}`);
});

test("the same tag is the same plan and analysis; one that was moved is another", async () => {
  const [plan, id] = [await planned(), await recall()];
  expect([await planned(plan), await recall()]).toEqual([plan, id]);
  config = configFor(9090);
  const moved = await planned(plan);
  expect(moved.services[0]).toMatchObject({
    port: 9090,
    image: expect.stringContaining(digestOf(manifestFor(config))),
  });
  expect(await recall()).not.toBe(id);
});

test("it has no files; its address is what to type again; and its facts are read anew by the digest", async () => {
  const [plan, id] = [await planned(), await recall()];
  await expect(dirOf(berth, id)).rejects.toMatchObject({ code: "source_has_no_files" });
  const { place, analysis } = keptAnalysis(berth.store, id);
  expect(place).toMatchObject({ address: source, kind: "image", platforms: ["linux/amd64"] });
  const elsewhere = openedBerth({ env: berth.config.env });
  expect(await analysisOfPlan(elsewhere, plan)).toEqual(analysis);
  elsewhere.remove();
});

test("no login stays in the state folder, a plan or an analysis", async () => {
  const texts = JSON.stringify([await planned(), keptAnalysis(berth.store, await recall())]);
  for (const form of [password, Buffer.from(`ann:${password}`).toString("base64")]) expect(texts).not.toContain(form);
});
