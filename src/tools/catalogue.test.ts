import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hashOf } from "../kit/canonical.ts";
import { annotationsOf } from "./annotations.ts";
import { tools } from "./index.ts";
import { nextAfter, nextCalls } from "./next.ts";
import { schemasOf } from "./schemas.ts";
import type { Tool } from "./tool.ts";

const snapshots = join(import.meta.dirname, "snapshots");
const src = join(import.meta.dirname, "..");
const names = tools.map(({ name }) => name);

/** As a client is told of it. */
const listed = (tool: Tool) => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  ...schemasOf(tool),
  annotations: annotationsOf(tool),
});

interface Schema {
  [key: string]: unknown;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
}

/** Every object in a schema, however deep. */
function schemasIn(value: unknown): Schema[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Schema, ...Object.values(value).flatMap(schemasIn)];
}

describe("the catalogue", () => {
  test("is few tools in a fixed order, and short enough to stand in every conversation", () => {
    expect(names).toEqual([
      ...[
        "analyze_repo",
        "read_source",
        "propose_plan",
        "get_plan",
        "provision_server",
        "build_images",
        "deploy_stack",
      ],
      ...["get_run", "cancel_run", "resume_run", "get_status", "get_logs", "rollback_stack", "redeploy_stack"],
      ...["scale_service", "run_command", "destroy_stack", "request_secret"],
    ]);
    // A token is some four characters, and 8,000 tokens are the limit.
    expect(JSON.stringify(tools.map(listed)).length).toBeLessThan(28_000);
  });

  test("has a snapshot of each tool, and of no other", () => {
    expect(readdirSync(snapshots).sort()).toEqual(names.map((name) => `${name}.json`).sort());
  });

  test.each(tools)("$name is what its snapshot says", async (tool) => {
    await expect(`${JSON.stringify(listed(tool), null, 2)}\n`).toMatchFileSnapshot(
      join(snapshots, `${tool.name}.json`),
    );
  });

  test("stays the same from one start to the next: a client that saw it once would notice", () => {
    expect(hashOf(tools.map(listed))).toBe(hashOf(JSON.parse(JSON.stringify(tools.map(listed)))));
  });
});

describe.each(tools)("$name", (tool) => {
  const { inputSchema, outputSchema, description, title, annotations } = listed(tool);
  const input = inputSchema as Schema;

  test("has schemas that every client reads: an object, nothing referred to, nothing of its own alternatives", () => {
    for (const schema of [input, outputSchema as Schema]) {
      expect(schema.type).toBe("object");
      const keys = schemasIn(schema).flatMap((one) => Object.keys(one));
      for (const key of ["$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "pattern"]) expect(keys).not.toContain(key);
    }
  });

  test("takes what its schema names and nothing else, each described", () => {
    expect(input.additionalProperties).toBe(false);
    for (const one of schemasIn(input).flatMap(({ properties }) => Object.values(properties ?? {})))
      if (typeof one.type === "string") expect(one.description).toEqual(expect.stringMatching(/\w/));
  });

  test.each(["approve", "approved", "grant", "force", "yes", "confirm", "passphrase", "request"])(
    "refuses an argument %s",
    (key) => {
      const failed = tool.input.safeParse({ ...example(tool.name), [key]: "yes" });
      expect(failed.success).toBe(false);
      expect(failed.error?.issues.map(({ code }) => code)).toContain("unrecognized_keys");
      expect(tool.input.safeParse(example(tool.name)).success).toBe(true);
    },
  );

  test("says what it is for in words that hide nothing and order nothing about other things", () => {
    const words = JSON.stringify({ title, description, inputSchema, outputSchema });
    expect(words).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/u);
    expect(words).not.toMatch(/[^\x20-\x7e…–→]/);
    expect(words).not.toMatch(
      /<\/?[a-z]|ignore|disregard|system prompt|secretly|do not (?:tell|mention)|without telling/i,
    );
    expect(words).not.toMatch(
      /\b(?:IMPORTANT|MUST|ALWAYS|NEVER|CRITICAL)\b|\b(?:before|instead of) (?:any|all|every) other tool/,
    );
    expect(words).not.toMatch(/~\/|\.ssh|id_rsa|\/etc\/|conversation history|previous messages/);
    expect(description.length).toBeLessThan(700);
  });

  test("has hints that follow from its effect", () => {
    expect(annotations.readOnlyHint).toBe(tool.effect === "read");
    expect(annotations.destructiveHint).toBe(tool.effect !== "read");
    expect(annotations.openWorldHint).toBe(tool.openWorld);
  });
});

test("tools that change something are those of the design, so that --read-only leaves the rest", () => {
  expect(tools.filter(({ effect }) => effect !== "read").map(({ name }) => name)).toEqual([
    ...["provision_server", "build_images", "deploy_stack", "cancel_run", "resume_run", "rollback_stack"],
    ...["redeploy_stack", "scale_service", "run_command", "destroy_stack", "request_secret"],
  ]);
});

describe("next calls", () => {
  const sources = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith("tools/next.ts"))
    .map((file) => readFileSync(join(src, file), "utf8"))
    .join("\n");

  test.each(Object.keys(nextCalls))("there is a failure %s", (code) => expect(sources).toContain(`"${code}"`));

  test.each(Object.entries(nextCalls))("after %s fits into the beginning of an error", (code, next) => {
    expect(`${code}${next}`.length).toBeLessThan(140);
    const called = next.match(/\b[a-z]+_[a-z_]+\b/g) ?? [];
    const words = [...names, ...["log_chars", "health_path", "health_seconds", "update_images"]];
    for (const name of called) expect(words).toContain(name);
  });

  test("are there for what nobody listed", () => expect(nextAfter("odd")).toContain("tell the person"));
});

function example(name: string): Record<string, unknown> {
  const run = "run_01k9zzzzzz";
  const plan = "0123456789abcdef";
  const examples: Record<string, Record<string, unknown>> = {
    analyze_repo: { source: "./shop" },
    read_source: { analysis: "analysis_1" },
    propose_plan: { analysis: "analysis_1", server: "ssh://root@192.0.2.1" },
    get_plan: { plan },
    provision_server: { plan },
    build_images: { plan },
    deploy_stack: { plan },
    get_run: { run },
    cancel_run: { run },
    resume_run: { run },
    get_status: { stack: "shop" },
    get_logs: { stack: "shop" },
    rollback_stack: { stack: "shop" },
    redeploy_stack: { stack: "shop" },
    scale_service: { stack: "shop", service: "web", replicas: 2 },
    run_command: { stack: "shop", service: "web", argv: ["date"] },
    destroy_stack: { stack: "shop" },
    request_secret: { stack: "shop", name: "STRIPE_KEY", why: "payments" },
  };
  return examples[name] ?? {};
}
