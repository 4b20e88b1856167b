import { expect, test } from "vitest";
import { newerImage } from "./image.ts";

const planned = { image: "caddy@sha256:1", created: "2026-03-01T00:00:00Z" };
const running = { image: "caddy@sha256:2", created: "2026-03-02T00:00:00.5+01:00" };

test("a plan brings a newer image, and takes none back", () => {
  expect(newerImage(planned, running)).toBe(running.image);
  expect(newerImage(running, planned)).toBe(running.image);
});

test("where nothing tells which is newer, the plan's counts: of one age, or one of them not there", () => {
  expect(newerImage(planned, { ...running, created: planned.created })).toBe(planned.image);
  expect(newerImage(planned, { ...running, created: undefined })).toBe(planned.image);
  expect(newerImage({ ...planned, created: undefined }, running)).toBe(planned.image);
  expect(newerImage(planned, { ...running, created: "" })).toBe(planned.image);
});
