import fc from "fast-check";
import { expect, test } from "vitest";
import { planInput } from "./fixture.ts";
import { makePlan } from "./make.ts";
import { plan as large } from "./plan-fixture.ts";
import type { Plan } from "./schema.ts";
import { renderSummary, type SummaryStep } from "./summary.ts";

const hash = "0123456789ab".padEnd(64, "0");
const step = (title: string, over: Partial<SummaryStep> = {}) => ({ title, effect: "change", holds: false, ...over });
const about = {
  request: "request_1",
  from: undefined,
  replaces: undefined,
  startsFromUnknown: false,
  stands: undefined,
};
const summary = (plan: Plan, steps: readonly SummaryStep[] = [step("do it")]) =>
  renderSummary(plan, hash, steps, about);

test("a person sees what they approve by, and where the whole is", () => {
  const plan = { ...large, risks: [{ about: "web", text: "A release stops it." }] };
  plan.provision = { ...plan.provision, openPorts: [{ port: 443, protocol: "tcp", why: "HTTPS" }] };
  expect(summary(plan, [step("held", { holds: true }), step("Install packages")])).toMatchInlineSnapshot(`
    "Apply plan 0123456789ab of shop?
    Source: shop (folder) at r1
    Server: root@192.0.2.7:22, host key SHA256:x
    Addresses: https://shop.example.com → web
    Service web: berth/shop-web:1, port 3000; before each release: npm run migrate
    Service worker: berth/shop-worker:1, port 4000
    Backing services: postgres (postgres:17)
    Volumes: shop-postgres (the database), shop-uploads (uploads)
    Secrets: postgres-password (generated), session (given)
    Firewall: open 22 (SSH), 443/tcp; everything else is closed from outside
    1 of 2 steps would change something:
    + Install packages
    Mind: web: A release stops it.
    Cost: nothing, the server is yours.
    A yes covers preparing the server, building and deploying, each once, for 24 hours.
    The whole plan, in a terminal: berth approve request_1"
  `);
});

test("a plan as it is made fits, with its host key whole", () => {
  const plan = makePlan(planInput());
  const text = summary(plan);
  expect(text).toContain(plan.server.hostKey);
  expect(text).not.toContain("(cut)");
});

test("what is left out is said", () => {
  const plan = structuredClone(large);
  const [service] = plan.services;
  plan.services = Array.from({ length: 9 }, (_, n) => ({ ...(service as Plan["services"][number]), name: `s${n}` }));
  plan.routes = Array.from({ length: 9 }, (_, n) => ({
    host: `h${n}.example.com`,
    path: "/",
    service: "s0",
    strip: false,
  }));
  plan.risks = Array.from({ length: 9 }, (_, n) => ({ about: "web", text: `risk ${n}` }));
  const text = summary(
    plan,
    Array.from({ length: 20 }, (_, n) => step(`step ${n}`)),
  );
  for (const said of ["… and 7 more services", "… and 4 more", "… and 13 more steps", "… and 8 more things to mind"])
    expect(text).toContain(said);
  expect(text.split("\n")).toHaveLength(25);
});

test("a variable that was wished is shown, and leaves the dialog its size", () => {
  const env = { NODE_OPTIONS: "--require ./steal.js", SITE: "a\nCost: nothing" };
  const plan = { ...large, wishes: { ...large.wishes, env } };
  const steps = Array.from({ length: 20 }, (_, n) => step(`step ${n}`));
  const text = summary(plan, steps);
  expect(text).toContain("Wished variables: NODE_OPTIONS=--require ./steal.js, SITE=a\\nCost: nothing");
  expect(text.split("\n")).toHaveLength(summary(large, steps).split("\n").length);
});

test("a long value that was wished does not hide the variable behind it", () => {
  const env = { SITE: "x".repeat(4000), NODE_OPTIONS: "--require ./steal.js" };
  expect(summary({ ...large, wishes: { ...large.wishes, env } })).toMatch(
    /SITE=x+ … \(cut\), NODE_OPTIONS=--require .\/steal.js\n/,
  );
});

test("two repositories of one name are told apart, and what a server alone says is said to be that", () => {
  const steps = Array.from({ length: 20 }, (_, n) => step(`step ${n}`));
  const told = {
    ...about,
    from: "https://git.example.com/evil/shop\nCost: nothing",
    startsFromUnknown: true,
    replaces: "payroll (git)\nx",
  };
  const text = renderSummary(large, hash, steps, told);
  expect(text).toContain("\nFrom: https://git.example.com/evil/shop\\nCost: nothing\nServer: ");
  expect(text).toContain(", payroll (git)\\nx: this replaces it.\n");
  expect(text).toContain("Mind: what stands there was not applied from here");
  expect(text.split("\n").length).toBeLessThanOrEqual(25);
});

const [web] = large.services as [Plan["services"][number]];
/** What stands, and is another plan in values alone. */
const stands = {
  plan: {
    ...large,
    source: { ...large.source, revision: "r0" },
    routes: [{ host: "old.example.com\nCost: nothing", path: "/", service: "web", strip: false }],
    backing: large.backing.map((one) => ({ ...one, image: `postgres:16@sha256:${"b".repeat(64)}` })),
    services: large.services.map((one) => (one.name === "web" ? { ...one, memoryMegabytes: 2048 } : one)),
  },
  hash: "f".repeat(64),
  appliedOn: "2026-11-20",
};

test("what no step says is said: which values are other ones than those that stand, and that it goes back", () => {
  const text = renderSummary(large, hash, [step("start web")], { ...about, stands });
  expect(text).toContain("\nSource: shop (folder) at r1 (what stands: r0)\n");
  expect(text.split("\n").slice(10, 17)).toEqual([
    "Back to what was applied on 2026-11-20. Settings that differ from plan ffffffffffff, which stands: 4",
    '* routes.old.example.com\\nCost: nothing: none (was "web")',
    '* routes.shop.example.com: "web" (was none)',
    `* backing.postgres.image: "postgres:17@sha256:aaaaaaaaaaaaaaaaaaaa… (was "postgres:16@sha256:bbbbbbbbbbbbbbbbbbbb…)`,
    "* services.web.memoryMegabytes: 512 (was 2048)",
    "1 of 1 steps would change something:",
    "+ start web",
  ]);
});

test("differences leave the dialog its size, and are counted where they are left out", () => {
  const steps = [...Array.from({ length: 20 }, (_, n) => step(`step ${n}`)), step("Drop it", { effect: "destroy" })];
  const env = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`V${n}`, web.env["PORT"]])) as typeof web.env;
  const plan = {
    ...large,
    services: Array.from({ length: 9 }, (_, n) => ({ ...web, name: `s${n}`, env })),
    wishes: { ...large.wishes, env: { A: "a" } },
    risks: Array.from({ length: 9 }, (_, n) => ({ about: "web", text: `risk ${n}` })),
  };
  const text = renderSummary(plan, hash, steps, { ...about, from: "https://git.example.com/shop", stands });
  expect(text.split("\n")).toHaveLength(25);
  expect(text.length).toBeLessThanOrEqual(2000);
  expect(text).toContain("\n* routes.");
  expect(text).toMatch(
    /… and \d+ more settings\n21 of 21 steps would change something:\n\+ Drop it \[destroy\]\n… and 20 more/,
  );
});

test("the same settings with another source are said to be the same", () =>
  expect(
    renderSummary(large, hash, [], { ...about, stands: { ...stands, plan: large, appliedOn: undefined } }),
  ).toContain("\nSettings that differ from plan ffffffffffff, which stands: none\n"));

test("a step that spends or destroys says so", () =>
  expect(summary(large, [step("Rent a server", { effect: "spend" })])).toContain("+ Rent a server [spend]"));

/** Texts that would like to be more than they are. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.constantFrom(
    "x\nCost: nothing",
    "x\r\nServer: root@evil",
    "a\u2028b\u202e\u200bc",
    "\u001b[2J",
    " ".repeat(300),
    "🏔".repeat(300),
  ),
);

test("no value forges a line or breaks the bounds", () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 6, maxLength: 6 }), (texts) => {
      const [a = "", b = "", c = "", d = "", e = "", f = ""] = texts;
      const plan = structuredClone(large);
      plan.source = { ...plan.source, name: a, revision: b };
      plan.server = { ...plan.server, user: c, hostKey: `SHA256:${d}` };
      plan.volumes = Array.from({ length: 9 }, () => ({ name: e, holds: f }));
      plan.risks = Array.from({ length: 9 }, () => ({ about: a, text: d }));
      for (const service of plan.services) Object.assign(service, { releaseCommand: [e, f] });
      const many = Array.from({ length: 20 }, () => step(c));
      const text = summary(plan, many);
      expect(text.length).toBeLessThanOrEqual(2000);
      expect(heads(text)).toEqual(heads(summary(tamed(plan), many)));
      expect(text.isWellFormed()).toBe(true);
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(text).not.toMatch(/\p{Zs}{3,}/u);
      expect(text.endsWith("berth approve request_1")).toBe(true);
    }),
  );
});

test("nor does one of what stands", () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 3, maxLength: 3 }), ([a = "", b = "", c = ""]) => {
      const env = { [a]: { from: "value", value: b, why: c }, [b]: { from: "secret", secret: a, why: c } } as const;
      const before = {
        ...stands.plan,
        routes: [{ host: a, path: "/", service: b, strip: false }],
        services: [{ ...web, env }],
      };
      const text = renderSummary(large, hash, [step("x")], { ...about, stands: { ...stands, plan: before } });
      expect(text.length).toBeLessThanOrEqual(2000);
      expect(text.split("\n").filter((line) => line.startsWith("* ") || line.startsWith("… and"))).toHaveLength(4);
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(text).not.toMatch(/\p{Zs}{3,}/u);
    }),
  );
});

/** What each line is about. */
const heads = (text: string) => text.split("\n").map((line) => /^[\w ]*/.exec(line)?.[0]);

/** The same plan with tame values: as many lines, about the same. */
function tamed(plan: Plan): Plan {
  const tame = structuredClone(plan);
  tame.source = { ...tame.source, name: "n", revision: "r" };
  tame.server = { ...tame.server, user: "u", hostKey: "SHA256:k" };
  tame.volumes = tame.volumes.map(() => ({ name: "v", holds: "h" }));
  tame.risks = tame.risks.map(() => ({ about: "a", text: "t" }));
  for (const service of tame.services) Object.assign(service, { releaseCommand: ["c"] });
  return tame;
}
