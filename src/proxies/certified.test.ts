import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { caddy } from "./caddy.ts";
import { slotAt } from "./slots.ts";

const fresh = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=any";

test("a host without a certificate ends in the handshake, and no host's application is asked for one that has", async () => {
  const words = [...fresh.split(" "), "-keyout", "-"];
  const both = execFileSync("openssl", words, { stdio: "pipe", encoding: "utf8" });
  const context = createSecureContext({ key: both, cert: both });
  const asked: string[] = [];
  const server = createServer(
    { SNICallback: (name, done) => (name === "late.test" ? done(new Error("none yet")) : done(null, context)) },
    ({ method, headers }, response) => {
      asked.push(`${method} ${headers.host}`);
      response.writeHead(421).end();
    },
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const [command = "", ...rest] = caddy.certified(slotAt(port), ["a.test", "late.test", "b.test"]);
    const { stdout } = await promisify(execFile)(command, rest);
    expect(stdout).toBe("a.test\nb.test\n");
    expect(asked).toEqual(["HEAD none.invalid", "HEAD none.invalid"]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
