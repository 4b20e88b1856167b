import { expect, test } from "vitest";
import type { StackStatus } from "../services/surface.ts";
import { glanceText, statusText } from "./status-text.ts";

const updated = "2026-01-01T00:00:00.000Z";
const now = new Date("2026-01-01T01:00:00Z");
const web = {
  ...{ name: "shop-web-0123abcd", part: "web", role: "service", image: "berth/shop-web:1", state: "running" },
  ...{ health: "healthy", cause: null, restarts: 0, since: "2026-01-01T00:30:00Z" },
  ...{ cpuPercent: 12.34, memoryBytes: 50_000_000, memoryLimitBytes: 256_000_000 },
};
const status: StackStatus = {
  ...{ name: "shop", server: "s1", plan: "0123456789abcdef", serial: 2, updated },
  addresses: ["https://shop.example.com"],
  ...{ drift: [], differences: [], containers: [web] },
  answers: [{ address: "https://shop.example.com", status: 200, problem: null }],
  certificates: [
    { host: "shop.example.com", notAfter: "2026-03-01T00:00:00Z", issuer: "x", daysLeft: 58, problem: null },
  ],
  machine: {
    disks: [{ at: "/", totalBytes: 20e9, usedBytes: 5e9, freeBytes: 14e9 }],
    memory: { totalBytes: 4e9, availableBytes: 1e9 },
    ...{ load: [0.5, 0.4, 0.3], cpus: 2, booted: "2025-12-25T00:00:00Z", engine: "26.1.5" },
  },
};

test("a stack that is well", () => {
  expect(statusText(status, now).join("\n")).toMatchInlineSnapshot(`
    "✓ shop on s1, plan 0123456789ab, applied 2026-01-01T00:00Z
      ✓ https://shop.example.com  answers 200
      ✓ certificate of shop.example.com  58 days left, until 2026-03-01

    CONTAINER          STATE    HEALTH   RESTARTS  SINCE   CPU     MEMORY
    shop-web-0123abcd  running  healthy  0         30 min  12.3 %  50 MB of 256 MB

    Server: Docker 26.1.5, started 7 d ago, load 0.5 0.4 0.3 on 2 processors
      disk /  5.0 GB used, 14 GB free of 20 GB (25 %)
      memory  3.0 GB used, 1.0 GB available of 4.0 GB

    Nothing differs from the plan."
  `);
});

test("what is wrong is named, and nothing that a server says speaks to the terminal", () => {
  const text = statusText(
    {
      ...status,
      differences: ["container shop-db is stopped (exited 137)"],
      drift: ["start db"],
      containers: [
        web,
        {
          ...web,
          name: "\u001b[2Jshop-db",
          state: "exited with 137",
          health: null,
          cause: "killed",
          cpuPercent: null,
          memoryBytes: null,
          since: null,
        },
      ],
      answers: [{ address: "https://shop.example.com", status: 502, problem: "It answers 502." }],
      certificates: [
        {
          host: "shop.example.com",
          notAfter: null,
          issuer: null,
          daysLeft: null,
          problem: "No certificate was shown: x",
        },
      ],
    },
    now,
  ).join("\n");
  for (const words of [
    "! shop on s1",
    "! https://shop.example.com  It answers 502.",
    "! container shop-db is stopped (exited 137)",
    "… start db",
    "exited with 137",
  ])
    expect(text).toContain(words);
  expect(text).not.toContain("\u001b");
});

test("all stacks, a line each", () => {
  const {
    drift: _,
    differences: __,
    containers: ___,
    answers: ____,
    certificates: _____,
    machine: ______,
    ...line
  } = status;
  const lines = glanceText([
    { ...line, running: 3, containers: 3, unhealthy: 0, problem: null },
    { ...line, name: "polls", running: 2, containers: 5, unhealthy: 1, problem: null },
    {
      ...line,
      name: "old",
      addresses: [],
      running: 0,
      containers: 0,
      unhealthy: 0,
      problem: "The server cannot be reached.",
    },
  ]);
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "shop   s1  ✓ 3/3 run                        https://shop.example.com  applied 2026-01-01T00:00Z
    polls  s1  ! 2/5 run, 1 unhealthy           https://shop.example.com  applied 2026-01-01T00:00Z
    old    s1  ! The server cannot be reached.  no address                applied 2026-01-01T00:00Z"
  `);
});
