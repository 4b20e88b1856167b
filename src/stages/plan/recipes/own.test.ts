import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDockerfile } from "../../../kit/dockerfile/parse.ts";
import type { Service } from "../../analysis/schema.ts";
import { analysis } from "../fixture.ts";
import { recipeFor } from "./index.ts";
import { own } from "./own.ts";

type Build = Partial<NonNullable<Service["own_build"]>>;

const service = (text: string, build: Build = {}): Service => {
  const [web] = analysis.services;
  if (!web) throw new Error("the fixture has a service");
  return { ...web, dockerfile: "Dockerfile", own_build: { text, context: ".", target: null, args: {}, ...build } };
};

const build = (text: string, { ca = null, ...options }: Build & { ca?: string | null } = {}) =>
  own.dockerfile({
    service: service(text, options),
    port: 3000,
    pinned: (name) => `${name}@sha256:${"1".repeat(64)}`,
    ca,
    writable: [],
    args: {},
  });

const by = (name: string) => `${name}@sha256:${"1".repeat(64)}`;

test("a service with its own Dockerfile is built by it, whatever else it is", () => {
  expect(recipeFor(service("FROM a")).name).toBe("own");
  expect(recipeFor({ ...service("FROM a"), runtime: null, start: null, kind: "frontend" }).name).toBe("own");
});

describe("a Dockerfile of the source", () => {
  const text = [
    "# syntax=docker/dockerfile:1",
    "# what a person wrote",
    "ARG V=24",
    "FROM node:${V}-slim AS build   ",
    "WORKDIR /app",
    "COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/",
    "RUN   npm ci && \\",
    "    npm run build",
    'run ["true"]',
    "FROM build AS tests",
    "RUN npm test",
    "FROM nginx",
    "COPY --from=build /app/dist /usr/share/nginx/html",
    "USER nginx",
    "",
  ].join("\n");

  test("gets its images by digest, and loses a line that would ask Docker Hub for another reader; no more", () => {
    expect(build(text)).toBe(
      text
        .replace("# syntax=docker/dockerfile:1\n", "")
        .replace("node:${V}-slim", by("node:24-slim"))
        .replace("ghcr.io/astral-sh/uv:0.9", by("ghcr.io/astral-sh/uv:0.9"))
        .replace("FROM nginx", `FROM ${by("nginx:latest")}`),
    );
    expect(own.bases(service(text))).toEqual(["node:24-slim", "ghcr.io/astral-sh/uv:0.9", "nginx:latest"]);
    expect(own.user(service(text))).toBe("nginx");
  });

  test("trusts the CA bundle in each step that is run, and keeps nothing of it", () => {
    const made = build(text, { ca: "0123456789ab" });
    const mount = "--mount=type=bind,from=berth-ca:0123456789ab,target=/mnt";
    expect(made).toContain(`RUN ${mount}   npm ci && \\\n    npm run build\nrun ${mount} ["true"]`);
    expect(made.match(/ARG NODE_EXTRA_CA_CERTS=\/mnt\/ca\.pem/g)).toHaveLength(2);
    expect(made).toContain(`FROM ${by("node:24-slim")} AS build   \nARG `);
    expect(made).not.toContain("ENV");
    expect(made).toContain("FROM build AS tests\nRUN npm test");
  });

  test("ends where the wanted stage does", () => {
    const wanted = { target: "build", args: { V: "22" } };
    expect(build(text, wanted)).toMatch(/^# what a person wrote\n.*run \["true"\]\n$/s);
    expect(own.bases(service(text, wanted))).toEqual(["node:22-slim", "ghcr.io/astral-sh/uv:0.9"]);
    expect(own.notes?.(service(text, wanted)).join(" ")).toMatch(/stage build.*syntax=docker\/dockerfile:1/s);
  });

  test("keeps what it has at the bundle's place, its line ends, its digests, and a reader that is its own", () => {
    const line = "RUN --mount=type=tmpfs,target=/mnt true\r\n";
    const pinned = `FROM node@sha256:${"2".repeat(64)}\r\n`;
    const made = build(`# syntax=registry.example.com/reader:2\r\n${pinned}${line}RUN <<X\r\nRUN a\r\nX\r\n`, {
      ca: "ab",
    });
    expect(made).toContain(`# syntax=${by("registry.example.com/reader:2")}\r\n`);
    expect(made).toContain(pinned);
    expect(made).toContain(`\r\n${line}RUN --mount=type=bind,from=berth-ca:ab,target=/mnt <<X\r\nRUN a\r\nX\r\n`);
    expect(made.replaceAll("\r\n", "")).not.toMatch(/\r|\n/);
  });
});

const lines = [
  "RUN a",
  "run b && \\\n  c",
  'RUN ["d", "e"]',
  "RUN --mount=type=cache,target=/root/.npm --network=none f",
  "RUN <<X\nRUN g\nFROM h\nX",
  "COPY --from=alpine:3 /i /i",
  "COPY . .",
  "# RUN j",
  "ONBUILD RUN k",
  "ENV L=m",
  "",
  "FROM node:24 AS n",
  "FROM n",
  "FROM --platform=linux/amd64 node:22",
  "COPY --from=0 /o /o",
];

test("after the rewriting it says the same but for mounts, arguments and digests", () => {
  const said = (text: string) =>
    parseDockerfile(text).stages.map(({ name, instructions }) => ({
      name,
      instructions: instructions
        .filter(({ keyword, rest }) => keyword !== "ARG" || !rest.includes("/mnt/"))
        .map(({ keyword, flags, rest }) => ({
          keyword,
          flags: flags
            .filter(({ value }) => !value.includes("berth-ca"))
            .map(({ name: flag, value }) => `${flag}=${value}`),
          rest,
        })),
    }));
  const unpinned = (text: string) => text.replaceAll(`@sha256:${"1".repeat(64)}`, "");
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...lines), { maxLength: 20 }),
      fc.constantFrom("\n", "\r\n"),
      (chosen, eol) => {
        const text = ["FROM node:24 AS n", ...chosen, "FROM node:24"].join("\n").replaceAll("\n", eol);
        const made = build(text, { ca: "0123456789ab" });
        expect(said(unpinned(made))).toEqual(said(text));
        expect(unpinned(build(text))).toBe(text);
      },
    ),
    { numRuns: 300 },
  );
});
