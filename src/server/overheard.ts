import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type Transport,
} from "@modelcontextprotocol/server";
import { z } from "zod";

/** A transport that lets somebody else hear what comes in, before it is delivered, and that it has closed. */
export function overheard(
  wire: Transport,
  { message: hear, close }: { message(message: JSONRPCMessage): void; close(): void },
): Transport {
  const transport: Transport = {
    start() {
      wire.onmessage = (message, extra) => {
        hear(message);
        transport.onmessage?.(message, extra);
      };
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

const Listen = z.object({ notifications: z.object({ resourceSubscriptions: z.array(z.string()).min(1) }) });
const Cancelled = z.object({ requestId: z.union([z.string(), z.number()]) });

/**
 * What a modern client subscribes to. The SDK answers `subscriptions/listen` itself and sends each listener what it asked
 * for, but tells nobody what that is; without it everything would have to be watched for everybody.
 */
export function subscriptionOf(
  message: JSONRPCMessage,
): { add: string | number; addresses: string[] } | { remove: string | number } | undefined {
  if (isJSONRPCRequest(message) && message.method === "subscriptions/listen") {
    const wanted = Listen.safeParse(message.params).data;
    return wanted && { add: message.id, addresses: wanted.notifications.resourceSubscriptions };
  }
  if (isJSONRPCNotification(message) && message.method === "notifications/cancelled") {
    const cancelled = Cancelled.safeParse(message.params).data;
    return cancelled && { remove: cancelled.requestId };
  }
  return undefined;
}
