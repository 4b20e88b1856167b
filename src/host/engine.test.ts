import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { localEngine } from "./engine.ts";

/** What answers as an Engine does, as far as a ping goes. */
async function serve(where: { path: string } | { port: number; host: string }): Promise<number> {
  const server = createServer((request, reply) => reply.end(request.url === "/_ping" ? "OK" : '{"Version":"26.1"}'));
  await new Promise<void>((listening) => server.listen(where, listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("DOCKER_HOST names a socket or a TCP address", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-engine-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "docker.sock");
  await serve({ path });
  expect((await (await localEngine({ dockerHost: `unix://${path}` })).version()).Version).toBe("26.1");
  const port = await serve({ port: 0, host: "127.0.0.1" });
  expect((await (await localEngine({ dockerHost: `tcp://127.0.0.1:${port}` })).version()).Version).toBe("26.1");
});

test.each(["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "ssh://root@192.0.2.1", "nonsense"])(
  "%s has no Engine, and the error names it",
  async (dockerHost) => {
    await expect(localEngine({ dockerHost })).rejects.toMatchObject({ code: "engine_unreachable", object: dockerHost });
  },
);

test("an Engine that ends in the middle does not answer, whichever call it was", async () => {
  const server = createServer((request, reply) =>
    request.url === "/_ping" ? reply.end("OK") : request.socket.destroy(),
  );
  await new Promise<void>((listening) => server.listen({ port: 0, host: "127.0.0.1" }, listening));
  const dockerHost = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const engine = await localEngine({ dockerHost });
  const says = { code: "engine_unreachable", object: dockerHost };
  await expect(engine.version()).rejects.toMatchObject(says);
  server.closeAllConnections();
  server.close();
  await expect(engine.getContainer("one").remove()).rejects.toMatchObject(says);
});

test("an answer that breaks off ends its call, and no half of it is taken for the whole", async () => {
  const dockerHost = await halfAnswering('{"Version":"26.1"}');
  const engine = await localEngine({ dockerHost });
  await expect(engine.version()).rejects.toMatchObject({ code: "engine_unreachable", object: dockerHost });
  await expect(engine.getImage("none").inspect()).rejects.toMatchObject({ code: "engine_unreachable" });
});

/** Ends each answer but a ping's, an error's too, in the middle. */
async function halfAnswering(text: string): Promise<string> {
  const server = createServer((request, reply) => {
    if (request.url === "/_ping") return reply.end("OK");
    reply.writeHead(request.url === "/version" ? 200 : 404, { "content-length": 2 * text.length });
    reply.write(text, () => request.socket.destroy());
  });
  await new Promise<void>((listening) => server.listen({ port: 0, host: "127.0.0.1" }, listening));
  onTestFinished(() => void server.close());
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
