import { isJSONRPCNotification, isJSONRPCRequest, type JSONRPCMessage } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Watch } from "./watch.ts";

const Listen = z.object({ notifications: z.object({ resourceSubscriptions: z.array(z.string()).min(1) }) });
const Cancelled = z.object({ requestId: z.union([z.string(), z.number()]) });

/**
 * Hears what a modern client subscribes to. The SDK answers `subscriptions/listen` itself and sends each listener what it
 * asked for, but tells nobody what that is; without it everything would have to be watched for everybody.
 */
export function hearSubscription(message: JSONRPCMessage, watch: Watch): void {
  if (isJSONRPCRequest(message) && message.method === "subscriptions/listen") {
    const wanted = Listen.safeParse(message.params).data;
    if (wanted) watch.add(message.id, wanted.notifications.resourceSubscriptions);
  }
  if (isJSONRPCNotification(message) && message.method === "notifications/cancelled") {
    const cancelled = Cancelled.safeParse(message.params).data;
    if (cancelled) watch.remove(cancelled.requestId);
  }
}
