import ssh2 from "ssh2";
import { exclusively } from "../../lab/lock.ts";
import type { Lab } from "../../lab/names.ts";
import { removeServer, type Server, type ServerOptions, startServer, testPassword } from "../../lab/server.ts";
import { hasSnapshot, saveSnapshot } from "../../lab/snapshot.ts";
import { guestbook, openCli, pointDomain } from "./berth.ts";

/** A server on its first day. One of that name that an earlier test left is taken away. */
export async function freshServer(lab: Lab, name: string, options: ServerOptions = {}): Promise<Server> {
  await removeServer(lab, name);
  const server = await startServer(lab, name, options);
  await pointDomain(lab, server);
  return server;
}

const serving = "serving-13";

/** The stack that stands on a serving server. */
export const servingDomain = "serving.example.test";

/** A Debian 13 server on which the guestbook serves, deployed by the product; made once, then copied in seconds. */
export async function servingServer(lab: Lab, name: string): Promise<Server> {
  await exclusively(lab, `${lab.name}-serving`, async () => {
    if (!hasSnapshot(lab, serving)) await makeServing(lab);
  });
  const server = await freshServer(lab, name, { from: serving });
  await pointDomain(lab, server, servingDomain);
  return server;
}

async function makeServing(lab: Lab): Promise<void> {
  const server = await freshServer(lab, "serving");
  const cli = await openCli(lab);
  try {
    const { code, stderr } = await cli.up(guestbook, server, { domain: servingDomain });
    if (code !== 0) throw new Error(`the guestbook could not be deployed:\n${stderr.slice(-3000)}`);
    await saveSnapshot(lab, server.name, serving);
  } finally {
    await cli.close();
    await removeServer(lab, server.name);
  }
}

/** Whether a password opens the server: only sshd's own answer counts, anything else throws. */
export function passwordLogin({ address, port }: Server, username: string): Promise<"yes" | "no"> {
  const client = new ssh2.Client();
  return new Promise<"yes" | "no">((resolve, reject) => {
    client.on("ready", () => resolve("yes"));
    client.on("error", (error: Error & { level?: string }) =>
      error.level === "client-authentication" ? resolve("no") : reject(error),
    );
    client.connect({ host: address, port, username, password: testPassword, readyTimeout: 20_000 });
  }).finally(() => client.end());
}
