import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface OtherBuilder {
  /** For DOCKER_HOST. */
  address: string;
  /** What was asked of it: `POST /build`, without versions and parameters. */
  asked: string[];
  close(): Promise<void>;
}

/** A door to an Engine (`unix://…`) that answers as it does, but says that its machine is of another architecture. */
export async function otherBuilder(engine: string, architecture: string): Promise<OtherBuilder> {
  const folder = await mkdtemp(join(tmpdir(), "berth-builder-"));
  const socketPath = join(folder, "docker.sock");
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const path = url.replace(/^\/v[\d.]+/, "").replace(/\?.*/, "");
    asked.push(`${method} ${path}`);
    const onward = request({ socketPath: engine.replace("unix://", ""), method, path: url, headers }, (answer) => {
      const { statusCode = 500 } = answer;
      if (path !== "/info") {
        outgoing.writeHead(statusCode, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      text(answer).then(
        (body) => {
          outgoing.writeHead(statusCode, { "content-type": "application/json" });
          outgoing.end(JSON.stringify({ ...JSON.parse(body), Architecture: architecture }));
        },
        (error: Error) => outgoing.destroy(error),
      );
    });
    onward.once("error", (error) => outgoing.destroy(error));
    incoming.pipe(onward);
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    address: `unix://${socketPath}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
