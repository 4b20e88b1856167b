import { Agent, request as httpsRequest } from "node:https";
import { type Answered, bodyOf, type Target, type Transport } from "./ask.ts";

/** HTTP/1.1: `kept` requests share idle connections as a browser's do, `new` ones have one of their own. */
export function overHttp1({ address, port, localAddress, secureContext, timeoutMs }: Target): Transport {
  const kept = new Agent({ keepAlive: true });
  return {
    ask: ({ host, path, method = "GET", headers = {}, body }, connection) => {
      const { promise, resolve, reject } = Promise.withResolvers<Answered>();
      const to = { host: address, port, servername: host, secureContext, ...(localAddress && { localAddress }) };
      const asked = { method, path, headers: { ...headers, host }, signal: AbortSignal.timeout(timeoutMs) };
      const asking = httpsRequest({ ...to, ...asked, agent: connection === "kept" ? kept : false }, (response) => {
        const from = response.socket.remoteAddress ?? "";
        const { statusCode: status = 0, headers: answered } = response;
        // A body that ends before its time rejects.
        bodyOf(response).then((body) => resolve({ status, headers: answered, from, ...body }), reject);
      });
      let localPort: number | undefined;
      // Once it is closed it has none.
      asking.on("socket", (socket) => {
        const note = () => {
          localPort = socket.localPort;
        };
        if (socket.connecting) socket.once("connect", note);
        else note();
      });
      asking.on("error", (error) => reject(localPort === undefined ? error : Object.assign(error, { localPort })));
      asking.end(body);
      return promise;
    },
    close: () => kept.destroy(),
  };
}
