import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyOfGuestbook } from "../../e2e/berth.ts";

/** How long a slow answer takes. */
export const slowMs = 5000;

/** A copy of the guestbook that can be told apart by its edition, answers some slowly, and holds WebSockets open. */
export async function liveGuestbook(): Promise<{ folder: string; write(edition: Edition): Promise<void> }> {
  const folder = await copyOfGuestbook();
  const server = join(folder, "src/server.js");
  const text = await readFile(server, "utf8");
  const changed = text.replace(
    "createApp({ config, pool }).listen(",
    "live(createApp({ config, pool }), pool).listen(",
  );
  if (changed === text) throw new Error(`${server} starts in another way`);
  await writeFile(server, `import { live } from "./live.js";\n${changed}`);
  return { folder, write: (edition) => writeFile(join(folder, "src/live.js"), live(edition)) };
}

export interface Edition {
  name: string;
  /** Well with an empty book, as where an image is tried, and not with one that holds entries. */
  sick?: boolean;
}

/** Without a library: what closes a WebSocket is then what stands here. */
const live = ({ name, sick = false }: Edition) => `import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { hostname } from "node:os";

const edition = ${JSON.stringify(name)};
const salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const open = new Set();

/** The application, with its edition in each answer, a slow answer and WebSockets that say where they end. */
export function live(app, pool) {
  const server = createServer(async (request, response) => {
    response.setHeader("x-edition", edition);
    if (request.method === "POST" && request.url === "/slow") {
      for await (const _ of request);
      return setTimeout(() => response.end("at last"), ${slowMs});
    }
    if (request.url === "/healthz") {
      const { rows } = await pool.query("SELECT count(*)::int AS entries FROM entries");
      return response.writeHead(${sick} && rows[0].entries > 0 ? 503 : 200).end(edition);
    }
    app(request, response);
  });
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + salt).digest("base64");
    socket.write(["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
      \`Sec-WebSocket-Accept: \${accept}\`, "", ""].join("\\r\\n"));
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    const say = () => socket.write(frame(1, Buffer.from(hostname())));
    say();
    const timer = setInterval(say, 1000);
    socket.on("close", () => clearInterval(timer));
    socket.resume();
  });
  return server;
}

const frame = (kind, content) => Buffer.concat([Buffer.from([0x80 | kind, content.length]), content]);

process.once("SIGTERM", () => {
  // 1001: going away.
  for (const socket of open) socket.end(frame(8, Buffer.from([0x03, 0xe9])));
});
`;
