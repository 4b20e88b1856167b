import { acceptedContent, inputRequired, McpServer, type ServerContext } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

// A small MCP server of the agent's tests, started as `berth serve` is: a tool for each thing that a result can be.

const text = (value: string) => [{ type: "text" as const, text: value }];

serveStdio(() => {
  const server = new McpServer({ name: "small", version: "1" });

  server.registerTool(
    "echo",
    {
      description: "Says it again.",
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ said: z.string() }),
    },
    ({ text: said }) => ({ content: text("not for the model"), structuredContent: { said } }),
  );

  server.registerTool("links", { description: "Links.", inputSchema: z.object({}) }, () => ({
    content: [
      ...text("before"),
      { type: "resource_link", uri: "berth://runs/run_1", name: "run", title: "The run" },
      { type: "resource", resource: { uri: "berth://plans/1", text: "the plan" } },
    ],
  }));

  server.registerTool("refuse", { description: "Fails.", inputSchema: z.object({}) }, () => ({
    isError: true,
    content: text("no_such_plan: there is none. Call propose_plan."),
  }));

  server.registerTool(
    "start",
    { description: "Starts.", inputSchema: z.object({ plan: z.string() }) },
    async (_, ctx) => {
      const form = { approve: { type: "boolean" as const, title: "Approve" } };
      return asked(ctx, form, "Apply it? \u001b[2J", ({ approve }) => approve === true);
    },
  );

  server.registerTool(
    "destroy",
    { description: "Ends.", inputSchema: z.object({ stack: z.string() }) },
    async (_, ctx) => {
      const form = { stack: { type: "string" as const, title: "Type the stack's name: guestbook" } };
      return asked(ctx, form, "All data is lost.", ({ stack }) => stack === "guestbook");
    },
  );

  server.registerTool("page", { description: "Opens.", inputSchema: z.object({}) }, (_, ctx) => {
    const response = ctx.mcpReq.inputResponses?.["page"];
    if (response === undefined) {
      const page = inputRequired.elicitUrl({ message: "Set it there.", url: "http://127.0.0.1:1/secret" });
      return inputRequired({ inputRequests: { page } });
    }
    return { content: text(JSON.stringify(response)) };
  });

  server.registerTool("wait", { description: "Waits.", inputSchema: z.object({ run: z.string() }) }, ({ run }) => {
    const addresses = ["https://g.example.com"];
    return { content: text("ended"), structuredContent: { run, state: "done", stack: "guestbook", addresses } };
  });

  server.registerTool("forever", { description: "Never ends.", inputSchema: z.object({}) }, async (_, ctx) => {
    await progress(ctx, 1, "step one");
    await progress(ctx, 2, "step one");
    await progress(ctx, 3, "step \u001b[31mtwo");
    return new Promise(() => undefined);
  });

  server.registerTool("begin", { description: "Begins a run.", inputSchema: z.object({}) }, () => ({
    content: text("run"),
    structuredContent: { status: "run", run: "run_7" },
  }));

  server.registerTool("crash", { description: "Ends the server.", inputSchema: z.object({}) }, () => {
    process.stderr.write("out of memory\n");
    process.exit(1);
  });

  return server;
});

function asked(
  { mcpReq }: ServerContext,
  properties: Record<string, { type: "boolean"; title: string } | { type: "string"; title: string }>,
  message: string,
  isYes: (content: Record<string, unknown>) => boolean,
) {
  const responses = mcpReq.inputResponses;
  if (responses === undefined) {
    const requestedSchema = { type: "object" as const, properties, required: Object.keys(properties) };
    return inputRequired({ inputRequests: { answer: inputRequired.elicit({ message, requestedSchema }) } });
  }
  const content = acceptedContent(responses, "answer", z.record(z.string(), z.unknown()));
  const response = responses["answer"] as { action?: string } | undefined;
  if (content && isYes(content)) return { content: text("run"), structuredContent: { status: "run", run: "run_8" } };
  const status = response?.action === "decline" ? "declined" : "approval_required";
  return { content: text(status), structuredContent: { status, request: "request_9" } };
}

const progress = ({ mcpReq }: ServerContext, value: number, message: string) =>
  mcpReq.notify({
    method: "notifications/progress",
    params: { progressToken: mcpReq._meta?.progressToken ?? 0, progress: value, message },
  });
