import { expect, test } from "vitest";
import { layersAbove, lineOfStep } from "./dockerfile.ts";

const dockerfile = `# comment
FROM node:24 AS build
ARG V=1
RUN --mount=type=cache,target=/x \\
  # a comment between
  npm  ci
COPY $SRC .
FROM node:24
WORKDIR /app
COPY --from=build /app ./
USER node
`;

test.each([
  ["[build 2/4] RUN npm ci", 4],
  ["[build 3/4] COPY lib .", 7],
  ["[stage-1 3/3] COPY --from=build /app ./", 10],
  ["[stage-1 3/3] RUN something else", undefined],
])("%s comes from line %s", (step, line) => {
  expect(lineOfStep(dockerfile, step)?.line).toBe(line);
});

test.each([
  ["stages that are only copied from do not count", dockerfile, 2],
  ["a stage that the last one starts from counts", "FROM a AS one\nRUN x\nFROM one\nCOPY . .", 2],
  ["options and case make no difference", "from --platform=linux/amd64 a as One\nrun x\nFROM ONE\nadd b c", 2],
  ["a stage may have the name of its own base", "FROM web AS web\nRUN x\nFROM web", 1],
  ["what a here-document says is no instruction", "FROM a\nRUN <<X\nFROM b\nCOPY c d\nX\nCOPY . .", 2],
  ["what is no Dockerfile says nothing", "RUN x", undefined],
  ["an argument as a base says nothing", "ARG A=x\nFROM $A\nRUN x", undefined],
])("%s", (_, text, layers) => {
  expect(layersAbove(text)).toBe(layers);
});
