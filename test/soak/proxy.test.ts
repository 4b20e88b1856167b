import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker } from "../../lab/engine.ts";
import type { Fault } from "../../lab/faults/inflict.ts";
import { slowNetwork } from "../../lab/faults/network.ts";
import { inServer, rebootServer, removeServer, type Server } from "../../lab/server.ts";
import { applyProxy, renewProxy } from "../../src/proxies/apply.ts";
import { viewProxy } from "../../src/proxies/image.ts";
import type { StackRoutes } from "../../src/proxies/proxy.ts";
import { readRoutes } from "../../src/proxies/routes.ts";
import { ask, pointDomain, testLab } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { isSettled, openAccess, openWebSocket, startEcho, startVisitors, untilAlone } from "./proxy/scene.ts";

// Whatever is changed of the proxy, nobody who is asking is lost: 50 requests a second over a line of 80 ms, never repeated.
const lab = testLab();
const echo = "echo.example.test";
let server: Server;
let line: Fault;
let routes: StackRoutes;

const echoRoutes = (service: "web" | "api"): StackRoutes => ({
  ...routes,
  stack: "echo",
  routes: [{ host: echo, path: "/", strip: false, service, replicas: 1 }],
});
const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
const proxyNow = () => there("docker inspect --format '{{.Id}} {{.Config.Image}}' berth-proxy");

/** Does something to the proxy as a worker would, and then hangs up. */
async function asWorker<T>(
  act: (access: Awaited<ReturnType<typeof openAccess>>) => Promise<T>,
  image?: string,
): Promise<T> {
  const access = await openAccess(server, image);
  try {
    return await act(access);
  } finally {
    await access.end();
  }
}

/** Visitors before, while and after: none of them is lost. */
async function nobodyIsLost(hosts: string[], act: () => Promise<unknown>): Promise<void> {
  const visitors = startVisitors(lab, server, hosts);
  try {
    await act();
  } finally {
    const { sent, failed, missed } = await visitors.stop();
    process.stderr.write(`${sent} requests, ${failed.length} failed, ${missed} not sent\n`);
    expect.soft(failed).toEqual([]);
    expect.soft(sent).toBeGreaterThan(100);
  }
}

beforeAll(async () => {
  server = await servingServer(lab, "proxied");
  await pointDomain(lab, server, echo);
  await startEcho(lab, server);
  await asWorker(async ({ host }) => {
    routes = (await readRoutes(host))[0] as StackRoutes;
  });
  line = await slowNetwork(lab, server.name, { roundTripMs: 80, seconds: 3600 });
});
afterAll(async () => {
  await line?.release();
  await removeServer(lab, "proxied");
});

test("a second stack's routes are added, and nothing of the hand-over is left", async () => {
  const before = await proxyNow();
  await nobodyIsLost([servingDomain], async () => {
    await asWorker((access) => applyProxy(access, echoRoutes("web")));
    await untilAlone(lab, server);
  });
  expect(await proxyNow()).not.toBe(before);
  await expect.poll(async () => (await ask(lab, server, { domain: echo })).body, { timeout: 30_000 }).toBe("echo");
});

test("a route is moved: WebSockets and slow requests go on, on the proxy that had them", async () => {
  const talk = await openWebSocket(lab, server, echo);
  const before = await proxyNow();
  await nobodyIsLost([servingDomain, echo], async () => {
    await asWorker((access) => applyProxy(access, echoRoutes("api")));
    expect(await proxyNow()).not.toBe(before);
    await asWorker(async (access) => expect(await isSettled(access)).toBe(true));
  });
  expect(await talk.say("still here")).toBe("still here");
  expect(await there("docker ps --format '{{.Names}}'")).toContain("berth-proxy-draining-");
  talk.end();
  await untilAlone(lab, server);
});

test("another image: a WebSocket is closed once, with its code, and whoever asks is answered", async () => {
  const [, earlier = ""] = (await proxyNow()).split(" ");
  const image = await anotherImage();
  const talk = await openWebSocket(lab, server, echo);
  await nobodyIsLost([servingDomain, echo], async () => {
    await asWorker((access) => applyProxy(access), image);
    expect(await proxyNow()).toContain(image);
    expect(await talk.say("for a minute")).toBe("for a minute");
    expect(await talk.closed).toBe(1001);
    await untilAlone(lab, server);
  });
  // A plan of before the update does not take it back.
  await asWorker(async ({ host }) =>
    expect((await viewProxy(host, { kind: "caddy", image: earlier })).image).toBe(image),
  );
});

test("one that is as it shall be is replaced by its like, and none by one that does not come up", async () => {
  const before = await proxyNow();
  await nobodyIsLost([servingDomain], async () => {
    await asWorker((access) => renewProxy(access));
    await untilAlone(lab, server);
  });
  const renewed = await proxyNow();
  expect(renewed).not.toBe(before);
  const files = () => there("cat /var/lib/berth/proxy/etc/proxy.json /var/lib/berth/proxy/routes/*");
  const written = await files();
  await nobodyIsLost([servingDomain], async () => {
    // An image that takes any configuration, and ends at once.
    const deaf = await anotherImage("RUN cp /bin/true /usr/bin/caddy");
    const failed = asWorker((access) => applyProxy(access, echoRoutes("web")), deaf);
    await expect(failed).rejects.toMatchObject({ code: "proxy_not_up" });
  });
  expect(await proxyNow()).toBe(renewed);
  expect(await files()).toBe(written);
  await untilAlone(lab, server);
});

describe("a worker that dies in the hand-over", () => {
  // Each look of the worker, and each wait, is a place to die at.
  const places = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14];
  test("at any of its moves: the next one goes on, and nobody is lost", async () => {
    let service: "web" | "api" = "web";
    const died: number[] = [];
    await nobodyIsLost([servingDomain, echo], async () => {
      for (const place of places) {
        service = service === "web" ? "api" : "web";
        await asWorker(async (access) => {
          const dying = { ...access, signal: dyingAfter(place) };
          await applyProxy(dying, echoRoutes(service)).catch(() => died.push(place));
        });
        await asWorker((access) => applyProxy(access, echoRoutes(service)));
        await asWorker(async (access) => expect(await isSettled(access)).toBe(true));
      }
      await untilAlone(lab, server);
    });
    // As many places at least as there are moves.
    expect(died.length).toBeGreaterThan(6);
  });

  test.each([3, 5, 6, 7])(
    "and with it the server, at move %i: it serves after its boot, and the next worker tidies up",
    async (place) => {
      const service = (await there("cat /var/lib/berth/proxy/routes/echo.json")).includes('"api"') ? "web" : "api";
      await asWorker(async (access) => {
        await applyProxy({ ...access, signal: dyingAfter(place) }, echoRoutes(service)).catch(() => undefined);
      });
      await rebootServer(lab, server.name);
      await expect.poll(async () => (await ask(lab, server, { domain: echo })).body, { timeout: 60_000 }).toBe("echo");
      await nobodyIsLost([echo], async () => {
        await asWorker((access) => applyProxy(access, echoRoutes(service)));
        await untilAlone(lab, server);
      });
    },
  );
});

/** A signal that is found aborted when it is asked for the n-th time. */
function dyingAfter(times: number): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  return Object.assign(controller.signal, {
    throwIfAborted: () => {
      if (++asked >= times) controller.abort();
      if (controller.signal.aborted) throw controller.signal.reason;
    },
  });
}

let images = 0;
/** The proxy's image with another digest, which the server has: its name with that digest. */
async function anotherImage(instruction = ""): Promise<string> {
  const name = `${lab.registry}/proxied/caddy:${++images}`;
  // A layer of its own: what adds none is as old as what it was made from, and an older image replaces no newer one.
  const file = `FROM caddy:2\nRUN date +%s%N > /other\n${instruction}\n`;
  await docker(lab, ["build", "--quiet", "--no-cache", "--tag", name, "-"], { input: file });
  await docker(lab, ["push", "--quiet", name]);
  await there(`docker pull --quiet ${name}`);
  const digests = await there(`docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' ${name}`);
  const digest = digests.split("\n").find((one) => one.includes("/proxied/"));
  if (digest === undefined) throw new Error(`${name} has no digest: ${digests}`);
  return digest;
}
