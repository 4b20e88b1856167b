import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/server";

/** A transport between the wire and the SDK: what comes in is delivered when `message` says so, and its end is told. */
export function intercepted(
  wire: Transport,
  { message: take, close }: { message(message: JSONRPCMessage, deliver: () => void): void; close(): void },
): Transport {
  const transport: Transport = {
    start() {
      wire.onmessage = (message, extra) => take(message, () => transport.onmessage?.(message, extra));
      wire.onerror = (error) => transport.onerror?.(error);
      wire.onclose = () => {
        transport.onclose?.();
        close();
      };
      return wire.start();
    },
    send: (message, options) => wire.send(message, options),
    close: () => wire.close(),
  };
  return transport;
}
