import { expect, test } from "vitest";
import { Service } from "../../plan/schema.ts";
import { refuseRoot } from "../verify.ts";
import { judge } from "./start.ts";
import { environment, madeUp, secretsOf } from "./values.ts";
import { failureOf } from "./verdict.ts";

const why = "";
const service = Service.parse({
  name: "web",
  image: "berth/s-web:1",
  port: 3000,
  entrypoint: null,
  command: null,
  releaseCommand: null,
  user: "node",
  env: {
    PORT: { from: "value", value: "3000", why },
    KEY: { from: "secret", secret: "STRIPE", why },
    DATABASE_URL: { from: "reference", to: "db", parts: ["postgres://u:", { secret: "db-password" }, "@db/x"], why },
  },
  mounts: [],
  published: [],
  health: { path: "/", command: null, timeoutSeconds: 30, why },
  replicas: 1,
  memoryMegabytes: 64,
  cpus: null,
  capabilities: [],
  strategy: { kind: "overlap", why },
  addresses: [["10.0.0.2", "10.0.0.3"]],
  stopSeconds: 10,
  dependsOn: [],
});

test.each([
  ["the planned port", [{ port: 3000, loopback: false }], "listening"],
  [
    "the planned port beside another",
    [
      { port: 9229, loopback: true },
      { port: 3000, loopback: false },
    ],
    "listening",
  ],
  ["the planned port on loopback", [{ port: 3000, loopback: true }], "loopback"],
  ["another port", [{ port: 8080, loopback: false }], "elsewhere"],
  ["nothing yet", [], undefined],
  ["an image that cannot be looked into", undefined, "unseen"],
])("%s", (_, listeners, kind) => {
  expect(judge(listeners, 3000)?.kind).toBe(kind);
});

test("each failure has a code of its own and names what was seen", () => {
  const crashed = { kind: "crashed", code: 1, outOfMemory: false, lines: "no such table: users" } as const;
  expect(failureOf(service, crashed, undefined)).toMatchObject({ code: "app_crashed", object: "web" });
  expect(failureOf(service, crashed, undefined).cause).toContain("no such table");
  expect(failureOf(service, crashed, { code: 9, outOfMemory: false, lines: "permission denied" }).cause).toMatch(
    /release command ended with code 9[\s\S]*permission denied/,
  );
  expect(failureOf(service, { ...crashed, code: 137 }, undefined).cause).toContain(
    "out of memory, of which it may have 64 MB",
  );
  expect(failureOf(service, { kind: "elsewhere", ports: [8080] }, undefined)).toMatchObject({
    code: "listens_elsewhere",
    message: "web does not listen on port 3000, but on 8080.",
  });
  expect(failureOf(service, { kind: "loopback" }, undefined).code).toBe("listens_on_loopback");
  expect(failureOf(service, { kind: "silent", seconds: 30, lines: "" }, undefined).code).toBe("never_listened");
});

test("a worker has nothing to listen on, so its end is what is said", () => {
  const crashed = { kind: "crashed", code: 3, outOfMemory: false, lines: "no queue" } as const;
  expect(failureOf({ ...service, port: null }, crashed, undefined).message).toBe(
    "web ended with code 3 soon after its start.",
  );
});

test("made-up secrets have the planned or the real length, and never the real value", () => {
  const values = madeUp(
    [
      { origin: "given", name: "STRIPE", fingerprint: "f" },
      { origin: "generated", name: "db-password", version: 1, length: 33, alphabet: "hex" },
    ],
    () => 7,
  );
  expect([values.get("STRIPE")?.length, values.get("db-password")?.length]).toEqual([7, 33]);
  expect(environment(service.env, values)).toEqual([
    "PORT=3000",
    `KEY=${values.get("STRIPE")}`,
    `DATABASE_URL=postgres://u:${values.get("db-password")}@db/x`,
  ]);
  expect([...secretsOf(service.env)]).toEqual(["STRIPE", "db-password"]);
});

test.each(["", "0", "root", "root:root", "0:0"])("an image whose user is %j runs as root", (User) => {
  const image = { Config: { User } } as Parameters<typeof refuseRoot>[0];
  expect(() => refuseRoot(image, { ...service, user: "" })).toThrow(
    expect.objectContaining({ code: "runs_as_root" }) as Error,
  );
  refuseRoot(image, { ...service, user: "1000" });
  // As the plan says it, with the rights to become another user.
  refuseRoot(image, { ...service, user: null, capabilities: ["SETGID", "SETUID"] });
});
