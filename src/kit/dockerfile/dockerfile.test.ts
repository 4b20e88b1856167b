import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { madeImage } from "./image.ts";
import { parseDockerfile } from "./parse.ts";
import { neededFor } from "./stages.ts";

const plain = { target: null, args: {} };
const outside = (text: string, options: Parameters<typeof neededFor>[1] = plain) =>
  neededFor(parseDockerfile(text), options).outside.map(({ name, at }) => [name, text.slice(at.from, at.to)]);
const made = (text: string, options = plain) => madeImage(parseDockerfile(text), options);

describe("the images that a build needs", () => {
  test("are named by FROM, COPY --from and mounts, with arguments filled in", () => {
    const text = `ARG V=24
ARG IMAGE=node:$V-slim
FROM --platform=$BUILDPLATFORM \${IMAGE} AS Build
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/
RUN --mount=type=bind,from=alpine,target=/x --mount=type=cache,target=/y true
FROM build AS next
COPY --from=0 /a /a
FROM gcr.io/distroless/base@sha256:${"a".repeat(64)}
COPY --from=next /a /a
`;
    expect(outside(text)).toEqual([
      ["node:24-slim", "${IMAGE}"],
      ["ghcr.io/astral-sh/uv:0.9", "ghcr.io/astral-sh/uv:0.9"],
      ["alpine:latest", "alpine"],
    ]);
    expect(outside(text, { target: null, args: { V: "22" } })[0]).toEqual(["node:22-slim", "${IMAGE}"]);
  });

  test("are those of the wanted stage alone, and a stage is no image", () => {
    const text =
      "FROM a:1 AS base\nFROM base AS dev\nFROM b:1 AS other\nFROM base\nCOPY --from=registry:5000/c /x /x\n";
    expect(outside(text).map(([name]) => name)).toEqual(["a:1", "registry:5000/c:latest"]);
    expect(outside(text, { target: "OTHER", args: {} }).map(([name]) => name)).toEqual(["b:1"]);
    expect(outside(text, { target: "1", args: {} }).map(([name]) => name)).toEqual(["a:1"]);
    expect(() => outside(text, { target: "none", args: {} })).toThrow(/no such stage/);
  });

  test("may differ by processor as stages, not as images", () => {
    const stages = "FROM a:1 AS for-amd64\nFROM b:1 AS for-arm64\nFROM for-${TARGETARCH}\n";
    expect(outside(stages).map(([name]) => name)).toEqual(["a:1", "b:1"]);
    expect(() => outside("FROM a-$TARGETARCH\n")).toThrow(expect.objectContaining({ code: "dockerfile_unsupported" }));
    expect(() => outside("FROM A\n")).toThrow(expect.objectContaining({ code: "dockerfile_unsupported" }));
    expect(() => outside("FROM ${constructor}\n")).toThrow(expect.objectContaining({ code: "dockerfile_unsupported" }));
    expect(() => outside("ARG V\nFROM a:$V\n")).toThrow(expect.objectContaining({ code: "dockerfile_unsupported" }));
  });
});

describe("what the image is like", () => {
  test("is said by the lines of its stages", () => {
    const image = made(`FROM node:24 AS base
ENV HOME=/srv/app PORT="8080"
WORKDIR $HOME
USER node
EXPOSE $PORT/tcp 53/udp 9000-9001
VOLUME /srv/data
ENTRYPOINT ["tini", "--"]
FROM node:24 AS tools
COPY web ./web
RUN <<XX
EXPOSE 1
XX
FROM base
ARG COMMIT
WORKDIR api
COPY ["package.json", "src", "./"]
COPY --from=tools /x /x
VOLUME ["/a", "/b"]
HEALTHCHECK --interval=3s \\
  CMD curl -f http://localhost:8080/health || exit 1
CMD node server.js --port \${PORT}
`);
    expect(image).toMatchObject({
      exposed: [
        { port: 8080, protocol: "tcp", line: 5 },
        { port: 53, protocol: "udp" },
        { port: 9000, protocol: "tcp" },
        { port: 9001, protocol: "tcp" },
      ],
      user: { value: "node", line: 4 },
      workdir: "/srv/app/api",
      volumes: [{ path: "/srv/data" }, { path: "/a", line: 18 }, { path: "/b" }],
      entrypoint: { words: ["tini", "--"], shell: false },
      command: { words: ["/bin/sh", "-c", "node server.js --port ${PORT}"], shell: true, line: 21 },
      health: { command: ["/bin/sh", "-c", "curl -f http://localhost:8080/health || exit 1"], line: 19 },
      args: [{ name: "COMMIT", line: 14 }],
      copied: [{ source: "package.json" }, { source: "src" }, { source: "web", line: 9 }],
    });
  });

  test("takes no words for an entrypoint that they were not meant for, and no health check where there is none", () => {
    const image = made(
      'FROM a AS b\nCMD ["x"]\nHEALTHCHECK CMD ["true"]\nFROM b\nENTRYPOINT ["y"]\nHEALTHCHECK NONE\n',
    );
    expect(image).toMatchObject({ command: null, entrypoint: { words: ["y"] }, health: { command: null } });
    expect(made('FROM a\nHEALTHCHECK CMD ["/ok", "-q"]').health?.command).toEqual(["/ok", "-q"]);
  });
});

test.each([
  ["", "no FROM"],
  ["RUN x\nFROM a", "before the first FROM"],
  ["FROM a\n// syntax=evil/front\n", "is no instruction"],
  ["FROM\n", "names no image"],
  [`FROM a\n${"#".repeat(70_000)}`, "characters"],
])("what is no Dockerfile is refused: %#", (text, cause) => {
  expect(() => parseDockerfile(text)).toThrow(
    expect.objectContaining({ code: "dockerfile_unreadable", cause: expect.stringContaining(cause) }),
  );
});

test("another reader of Dockerfiles is found where BuildKit would ask for it", () => {
  const of = (text: string) => parseDockerfile(text).syntax?.image;
  expect(of("# a comment\n#syntax=docker/dockerfile:1\nFROM a\n")).toBe("docker/dockerfile:1");
  expect(of("# escape=`\r\n# SYNTAX = my.registry/x@sha256:ab \r\nFROM a\r\n")).toBe("my.registry/x@sha256:ab");
  expect(of("FROM a\n# syntax=docker/dockerfile:1\n")).toBeUndefined();
});

const words =
  "FROM RUN COPY ENV ARG a b:1 $A ${A:-b} AS --from=b --mount=type=bind,from=a \\\n \n # <<X X \" ' [ ] , = / 80 CMD HEALTHCHECK EXPOSE WORKDIR \r\n \0 `".split(
    " ",
  );

test("whatever stands in the file, reading it ends in an answer or in a refusal", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), (chosen) => {
      const text = `FROM a\n${chosen.join(" ")}`;
      try {
        const file = parseDockerfile(text);
        for (const { at } of neededFor(file, plain).outside) expect(text.slice(at.from, at.to)).toMatch(/^\S+$/);
        madeImage(file, plain);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^dockerfile_un/) });
      }
    }),
    { numRuns: 500 },
  );
});
