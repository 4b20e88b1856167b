import type { Lab } from "../lab/names.ts";
import type { Server } from "../lab/server.ts";
import { until } from "../src/kit/wait.ts";
import { ask } from "../test/e2e/berth.ts";
import { servingDomain, servingServer } from "../test/e2e/servers.ts";

/** A server whose guestbook answers: it has come to rest, so whatever is another afterwards was changed by somebody. */
export async function answeringServer(lab: Lab, name: string): Promise<Server> {
  const server = await servingServer(lab, name);
  const answers = async () => {
    const { status } = await ask(lab, server, { domain: servingDomain, path: "/healthz" }).catch(() => ({ status: 0 }));
    return status === 200 ? true : undefined;
  };
  if (!(await until(answers, { timeoutMs: 120_000, everyMs: 500 })))
    throw new Error(`the guestbook on ${name} is silent`);
  return server;
}
